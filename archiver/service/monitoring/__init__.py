"""How the service is: health, metrics, status pages, and word to systemd."""
