"""Inflected forms of a dozen languages, from the lemma tables of simplemma, compiled when telekeep is installed."""
