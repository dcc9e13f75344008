"""The one grammar of questions: text to tree and back, and all ways to write their words. Pure."""
