"""What lives outside the process, and what carries messages there and back."""
