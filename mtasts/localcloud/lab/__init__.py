"""The lab: a family of broken set-ups, one for each way that a live domain can be wrong."""
