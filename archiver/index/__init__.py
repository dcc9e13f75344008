"""From the archive into Meilisearch: what waits is batched, sent, and acknowledged when the server has applied it."""
