"""Character-level text processing: folding, scripts and grapheme clusters. Pure."""
