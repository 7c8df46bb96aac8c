"""Records that somebody else publishes: mtasts hands them out and writes none of them."""
