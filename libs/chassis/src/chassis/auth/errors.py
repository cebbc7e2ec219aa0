"""Authentication errors. The messages disclose nothing useful for guessing."""

from kernel.errors import DomainError, Kind


class InvalidCredentials(DomainError):
    """Invalid credentials."""

    kind = Kind.UNAUTHENTICATED
    code = "AUTH_001"


class ExpiredToken(DomainError):
    """The token has expired."""

    kind = Kind.UNAUTHENTICATED
    code = "AUTH_002"


class InvalidToken(DomainError):
    """The token is not valid."""

    kind = Kind.UNAUTHENTICATED
    code = "AUTH_003"


class MissingToken(DomainError):
    """An access token is required."""

    kind = Kind.UNAUTHENTICATED
    code = "AUTH_004"
