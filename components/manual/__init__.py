"""Records that somebody else publishes: they are handed out, and nothing is written."""
