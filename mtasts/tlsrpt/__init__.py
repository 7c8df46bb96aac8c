"""TLS reports: what senders say of their deliveries (RFC 8460)."""
