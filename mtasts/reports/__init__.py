"""The store of TLS reports, and what fills and reads it (RFC 8460)."""
