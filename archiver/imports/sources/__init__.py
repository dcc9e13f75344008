"""One module a format: `open_file(path, zone)` reads it, `derive(raw, zone)` reads one stored piece again."""
