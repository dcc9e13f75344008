"""One module a format: `open_file(path, zone)` reads it, `derive(raw, channel_id, zone)` reads one piece again."""
