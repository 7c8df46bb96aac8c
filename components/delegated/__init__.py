"""Records in the operator's zone; CNAME records of the agency lead to them."""
