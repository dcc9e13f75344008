"""The accounts, their access to channels, and the waits that the server ordered."""
