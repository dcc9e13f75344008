"""Loopback servers that stand in for Telegram and Meilisearch."""
