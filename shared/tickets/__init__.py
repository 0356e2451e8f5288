"""Updates for tickets: what they say, when they are sent, and how they are delivered."""
