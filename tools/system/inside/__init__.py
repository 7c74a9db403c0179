"""What runs inside a rendered service, with its libraries."""
