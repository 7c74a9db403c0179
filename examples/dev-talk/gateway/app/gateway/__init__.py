"""What this service is about: other services, and the tokens of those who call them."""
