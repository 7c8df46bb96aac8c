"""Errors of the v4 API."""


class ApiError(Exception):
    """The v4 API refuses a request, with Cloudflare's HTTP status, error code and message."""

    def __init__(self, status: int, code: int, message: str) -> None:
        """Make the error; ``status`` is the HTTP status."""
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
