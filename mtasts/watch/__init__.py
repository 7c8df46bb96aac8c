"""What ``mtasts check --watch`` does: what is new since the last round, and who is told."""
