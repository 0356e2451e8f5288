"""The audit record: who asked for what, and what was done; one chain that shows what was changed or taken away."""
