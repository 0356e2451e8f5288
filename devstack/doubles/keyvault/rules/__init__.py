"""What Key Vault accepts, whom it allows what, and how often."""
