"""What sets the checkout up, and what keeps its pins."""
