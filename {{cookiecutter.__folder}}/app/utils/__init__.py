"""Interfaces and helpers that know nothing of the layers above."""
