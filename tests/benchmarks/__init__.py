"""What things cost, measured: `make benchmark`."""
