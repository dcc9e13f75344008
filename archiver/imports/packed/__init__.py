"""Packed exports: a single compressed file, or the folder as a zip."""
