"""Fixtures that the service's own tests use."""
