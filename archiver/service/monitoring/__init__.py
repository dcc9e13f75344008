"""Monitoring of the service: health, metrics, status pages, and notifications to systemd."""
