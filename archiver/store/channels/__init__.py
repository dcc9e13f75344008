"""What is known of channels: names, states, how far each is read, reviews, and the log of requests."""
