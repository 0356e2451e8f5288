"""The demo: one registration from the requester's side, as a client that knows nothing but its environment."""
