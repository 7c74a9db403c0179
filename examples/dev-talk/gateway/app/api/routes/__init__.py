"""Which service answers what."""
