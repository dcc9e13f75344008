"""How fast the server is asked: the scheduler of calls, rates that adapt to flood waits, throughput and time left."""
