"""Where ledgers are kept: append if absent, and list."""
