"""The embedded search tables as seen from the archive: entries, saved queries, suggestions."""
