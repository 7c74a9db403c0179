"""What this service is about: its settings, tables, events and business logic."""
