"""Requests that wait for somebody's consent: what is recorded, who may decide, and what a decision changes."""
