from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TokenPair:
    """`expires_in` is the access token's life in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int

    def __repr__(self) -> str:
        # Never in a log line or a traceback.
        return f"TokenPair(expires_in={self.expires_in})"
