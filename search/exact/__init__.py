"""The embedded engine: tables in the archive's own file, written with each page, always current."""
