"""One channel: brought to the present, and compared with what the server shows.

`channel_mirror` does it, `pages` and `difference` ask the server and believe only what can be, `comparison` looks
whether something is missing yet.
"""
