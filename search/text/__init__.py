"""Characters: folding, scripts, and where a text may be cut. Pure."""
