"""What the routes are made with: how HTTP is done here, whatever the service is about."""
