"""The embedded engine: search tables in the archive's own file, updated in the transaction that stores each page."""
