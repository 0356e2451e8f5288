"""Registering an app: decide what it should be, make it so, prove it."""
