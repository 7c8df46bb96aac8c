"""The I/O half of `mtasts.check`: look-ups and connections that bring observations."""
