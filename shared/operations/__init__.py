"""The engine: carries operations to completion, independent of any particular action."""
