"""Where a question's words stand in an original text. Pure."""
