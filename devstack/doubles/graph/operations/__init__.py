"""What each call does, one module per noun; handlers name their method and path."""
