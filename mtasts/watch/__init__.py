"""``mtasts check --watch``: what is new since the last round, and the notifications."""
