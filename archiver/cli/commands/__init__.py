"""A file a command; `archiver.cli.__main__` has the table."""
