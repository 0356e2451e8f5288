"""The engine: it takes operations to their end, and knows no action."""
