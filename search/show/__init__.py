"""Highlighting and snippets of hits. Pure."""
