"""The cloudflare provider's stand-in, the v4 API behind it, and the Workers' real runtime."""
