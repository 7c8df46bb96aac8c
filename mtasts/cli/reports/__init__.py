"""``mtasts reports``: a module for each verb; ``verbs`` has the table of them."""
