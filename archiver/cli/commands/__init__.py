"""One file per command; `archiver.cli.table` lists them."""
