"""The local cloud: the real Pulumi engine with local stand-ins for AWS and Cloudflare."""
