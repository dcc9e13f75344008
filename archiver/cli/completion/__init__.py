"""Completion for shells: scripts that ask `telekeep __complete`, and what it answers."""
