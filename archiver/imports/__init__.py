"""Imports: what other programs kept of a channel becomes part of the archive. One reader a format."""
