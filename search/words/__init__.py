"""Inflection: which words are forms of the same word. Pure."""
