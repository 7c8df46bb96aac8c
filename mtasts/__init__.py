"""MTA-STS (RFC 8461) and TLS-RPT (RFC 8460) as code: the library and the command line."""

__version__ = "0.2.0"
