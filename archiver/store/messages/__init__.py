"""Messages, their earlier contents, absences and counters: written, and read for people."""
