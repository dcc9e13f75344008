"""The files behind messages: which are stored, wanted, failed; policies; pictures."""
