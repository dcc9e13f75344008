"""Fills Meilisearch from the archive: pending messages are batched, sent, and acknowledged once applied."""
