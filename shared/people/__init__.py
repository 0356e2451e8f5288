"""People, looked up in the directory."""
