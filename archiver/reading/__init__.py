"""What people are told of the archive: read from the store, put into words, printed elsewhere."""
