"""Rotation without an outage: issue beside, keep, prove, promote, overlap, retire."""
