"""What is remembered of every policy that a domain has served, and how it is written down."""
