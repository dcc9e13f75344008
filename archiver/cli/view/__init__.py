"""How rows, versions, channels, the index and progress look to people."""
