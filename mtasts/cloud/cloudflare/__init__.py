"""The calls of mtasts to Cloudflare. `mtasts.cloud.aws` has the same modules for AWS."""
