"""The stand-in for pulumi-cloudflare, the local v4 API, and workerd, the runtime of Workers."""
