"""An app's credentials: issuing, storing, marking, and when they are due."""
