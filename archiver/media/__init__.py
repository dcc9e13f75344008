"""The files behind the messages: which are wanted, fetching them, and the bytes stored on disk."""
