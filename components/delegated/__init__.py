"""Records in the operator's zone, to which the agency's own lead by CNAME."""
