"""Another archive of telekeep, merged into this one: channels, messages, files, and what may be claimed of them."""
