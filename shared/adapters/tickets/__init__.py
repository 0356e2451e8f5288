"""Ticketing systems."""
