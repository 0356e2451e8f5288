"""Incoming messages from queues and webhooks: verified and parsed."""
