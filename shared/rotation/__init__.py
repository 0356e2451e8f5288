"""Rotation without an outage: issue, store, verify, promote, overlap, retire."""
