"""Credentials of an app: how they are issued, kept, marked, and when they are due."""
