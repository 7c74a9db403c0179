"""Tests: the template's here, this service's own in `service`."""
