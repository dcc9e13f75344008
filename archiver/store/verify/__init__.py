"""The archive as `telekeep verify` reads it: the file, its tables, its rows, its log."""
