"""What the services of Dev Talk tell and ask each other; nothing else crosses between them."""
