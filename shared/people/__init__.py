"""Lookup of people in the directory."""
