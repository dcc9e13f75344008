"""What came from imported files: which file has what, what it filled, where it differs."""
