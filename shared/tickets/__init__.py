"""Requests from ticketing systems: who may send, how it is proven, and how a payload becomes a request."""
