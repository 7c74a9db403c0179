"""The tests of this service's own."""
