"""The long-running part: the workers of each account, and what they do next."""
