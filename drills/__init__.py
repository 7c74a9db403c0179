"""Fault drills: services at work while processes, brokers and databases die under them."""
