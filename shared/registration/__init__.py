"""Registering an app: decide what it should be, make it so, verify it."""
