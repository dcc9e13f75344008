"""What the archive can say about itself: read from the store, put into words, printed elsewhere."""
