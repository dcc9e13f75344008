"""What a takeout changes in mirroring: its id is remembered, and one history is read at several places at once."""
