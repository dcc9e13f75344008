"""Command lines: what a command accepts, read from its signature, and the words that people type."""
