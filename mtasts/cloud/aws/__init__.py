"""The calls of mtasts to AWS. `mtasts.cloud.cloudflare` has the same modules for Cloudflare."""
