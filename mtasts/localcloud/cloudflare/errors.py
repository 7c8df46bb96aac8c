"""What the v4 API refuses."""


class ApiError(Exception):
    """A refusal, with Cloudflare's status, code and message."""

    def __init__(self, status: int, code: int, message: str) -> None:
        """Keep status, code and message."""
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
