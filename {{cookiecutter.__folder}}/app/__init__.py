"""The service: composed at the top, its logic in `domain`, the outside world in `services`."""
