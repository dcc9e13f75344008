"""Presentation of rows, versions, channels, the index and progress."""
