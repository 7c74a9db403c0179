"""The dashboards of the rendered services: JSON for Grafana has no comments and so no tags."""
