"""The sample systems, each shown at work."""
