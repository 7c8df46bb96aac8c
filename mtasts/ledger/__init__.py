"""The ledger: every policy that a domain has served, and how it is read and written."""
