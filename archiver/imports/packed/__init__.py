"""Exports that people received packed: one compressed file, or the folder as a zip."""
