"""What RabbitMQ needs beside its service."""
