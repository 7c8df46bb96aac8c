"""The I/O half of `mtasts.check`: what there is to see of a domain."""
