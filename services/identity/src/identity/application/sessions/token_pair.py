from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TokenPair:
    """`expires_in` is the access token's life in seconds; `device_token` comes with a sign-in, not with a refresh."""

    access_token: str
    refresh_token: str
    expires_in: int
    device_token: str | None = None

    def __repr__(self) -> str:
        # Never in a log line or a traceback.
        return f"TokenPair(expires_in={self.expires_in})"
