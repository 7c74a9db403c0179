"""The outbox: what was committed for the broker, until it has confirmed it."""
