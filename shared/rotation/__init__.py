"""Rotation without an outage: issue beside, keep, verify, promote, overlap, retire."""
