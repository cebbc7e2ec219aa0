"""The claims of a verified access token."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self
from uuid import UUID

from chassis.auth.errors import InvalidToken

_TEXT_LENGTH_MAX = 255
_LIST_LENGTH_MAX = 64


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of one access token (RFC 9068), parsed.

    `methods` are RFC 8176 values. `authenticated_at` is the time of the sign-in; a refresh does not change it. `second_factor`
    says whether the user has a second factor; True for tokens of an earlier release, which lack the claim. `factors_version` is
    the version of the user's factors when the token was issued; 0 if the claim is missing. `organization_id` (claim `org`) is the
    organization that the session acts for; None if the person acts alone.
    """

    subject_id: str
    session_id: UUID
    device_id: str | None
    roles: frozenset[str]
    issued_at: datetime
    not_before: datetime
    expires_at: datetime
    authenticated_at: datetime
    methods: tuple[str, ...]
    second_factor: bool
    factors_version: int
    token_id: str
    organization_id: UUID | None = None

    @classmethod
    def parse(cls, payload: Mapping[str, object]) -> Self:
        """Parse the claims of a payload with a verified signature; raises InvalidToken."""
        try:
            return cls(
                subject_id=str(UUID(_text(payload["sub"]))),
                session_id=UUID(_text(payload["sid"])),
                device_id=_text(payload["did"]) if payload.get("did") is not None else None,
                roles=frozenset(_texts(payload["roles"])),
                issued_at=_time(payload["iat"]),
                not_before=_time(payload["nbf"]),
                expires_at=_time(payload["exp"]),
                authenticated_at=_time(payload["auth_time"]),
                methods=tuple(_texts(payload["amr"])),
                second_factor=_flag(payload.get("second_factor", True)),
                factors_version=_version(payload.get("factors_version", 0)),
                token_id=_text(payload["jti"]),
                organization_id=UUID(_text(payload["org"])) if payload.get("org") is not None else None,
            )
        except (KeyError, ValueError, OverflowError, OSError) as exc:
            raise InvalidToken(reason="claims", claim=str(exc)) from None


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _TEXT_LENGTH_MAX:
        raise ValueError("not a text")
    return value


def _texts(value: object) -> list[str]:
    if not isinstance(value, list) or len(value) > _LIST_LENGTH_MAX:
        raise ValueError("not a list of texts")
    return [_text(item) for item in value]


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("not a flag")  # noqa: TRY004  # one error for every malformed claim
    return value


def _version(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("not a version")
    return value


def _time(value: object) -> datetime:
    # bool is an int; RFC 7519 allows fractions, but identity never writes them.
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("not a time")  # noqa: TRY004  # one error for every malformed claim
    return datetime.fromtimestamp(value, UTC)
