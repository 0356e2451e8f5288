"""Shared basics that every package may import: errors, names, logging, time and randomness, unprintable secrets."""
