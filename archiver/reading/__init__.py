"""Reports about the archive: read from the store, put into words, printed elsewhere."""
