"""For operators: messages on either broker, looked at, removed, replayed, and moved from one broker to the other."""
