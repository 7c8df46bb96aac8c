"""The toolkit's own calls to Cloudflare; `mtasts.cloud.aws` is its twin."""
