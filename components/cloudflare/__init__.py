"""Component resources for Cloudflare; the only folder that imports pulumi_cloudflare."""
