"""JSON as other programs write it: of any size, however damaged, one value in memory at a time."""
