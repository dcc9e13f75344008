"""Data files of the page."""
