"""How schemathesis runs against the local stack: its configuration, and what it takes for a failure and is none."""
