"""In-memory ports on one fake clock: the domain's world without sockets, for thousands of runs in seconds."""
