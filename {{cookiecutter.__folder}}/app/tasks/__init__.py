"""What this service does when nobody asks over HTTP: events and jobs."""
