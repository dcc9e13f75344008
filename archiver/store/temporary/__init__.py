"""Tables in a database of their own, for more than memory should hold."""
