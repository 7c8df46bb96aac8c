"""One ``pulumi up``, in order: the survey, the ledger entries, and the proofs."""
