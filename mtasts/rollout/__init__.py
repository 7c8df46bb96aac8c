"""Pure rollout decisions: what is proven, what may proceed, what is held."""
