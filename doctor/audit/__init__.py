"""Reads the audit record from outside: reports what was altered or removed, and exports it; changes nothing."""
