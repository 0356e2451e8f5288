"""Reads the audit record from outside, says what was altered or taken away, and writes it out; changes nothing."""
