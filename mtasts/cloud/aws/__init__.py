"""The toolkit's own calls to AWS; `mtasts.cloud.cloudflare` is its twin."""
