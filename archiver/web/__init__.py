"""The page to read and search the archive: `telekeep serve`. Only reads; knows no SQL and no command line."""
