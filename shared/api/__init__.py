"""What is answered over HTTP, and the document that describes it."""
