"""Another archive, read without trusting it, and taken over into this one."""
