"""What every service of ours has: settings, logs, health, metrics, traces."""
