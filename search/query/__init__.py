"""The query language: text to tree and back, and the spelling variants of its words. Pure."""
