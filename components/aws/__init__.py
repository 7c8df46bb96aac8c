"""MTA-STS on Amazon Web Services."""
