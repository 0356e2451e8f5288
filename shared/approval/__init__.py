"""Requests that wait for approval: what is recorded, who may decide, and what a decision changes."""
