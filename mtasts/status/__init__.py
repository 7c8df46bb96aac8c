"""Pure: where every domain of a stack stands, and what somebody has to do."""
