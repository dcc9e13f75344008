"""How fast the server is asked, and how that is said: rates that find their limit, waits and speeds in words. Pure."""
