"""What clients can ask over HTTP."""
