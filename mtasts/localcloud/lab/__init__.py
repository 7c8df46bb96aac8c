"""The lab: domains that are each broken in one way, one for each finding that needs a network."""
