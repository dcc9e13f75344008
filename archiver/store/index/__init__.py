"""What each Meilisearch node has of the archive, and what it still has to get."""
