"""The public contract of the queues: requests in, answers out, both versioned."""
