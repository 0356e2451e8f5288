"""What Graph accepts and whom it allows what; each module names the documents that its rules come from."""
