"""Packed exports: a single compressed file, the folder as a zip or tar; and text that is not UTF-8."""
