"""Mirror one channel: catch up, backfill, then compare the result with the server.

Start with `channel_mirror`. `pages` and `difference` ask the server and reject implausible answers, `comparison` checks
that nothing is missing, and `ingest` is the only way into the archive.
"""
