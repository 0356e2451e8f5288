"""The audit record: who asked for what, and what was done; a hash chain that reveals changes and removals."""
