"""One ``pulumi up``, in order: what is looked up, what is written down, and what is proven."""
