import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from compliance.domain.decision import PolicyDecision
from kernel.pages import CursorPage, CursorRequest, not_a_cursor

_PLACE: Final = re.compile(r"(-?[0-9]{1,18})~([0-9a-f]{32})")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """All given parts must match. `policy` decided; `shadow_policy` would have denied it, if it were enforced."""

    principal_id: str | None = None
    permissions: Sequence[str] | None = None
    allowed: bool | None = None
    policy: str | None = None
    shadow_policy: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ShadowDenials:
    """What a shadow policy would have denied of one permission; None for all together.

    `roles` are those of the principals, the first 100 in alphabetical order.
    """

    permission: str | None
    decisions: int
    people: int
    first_at: datetime
    last_at: datetime
    roles: tuple[str, ...] = ()


class DecisionViews(Protocol):
    async def decisions(self, wanted: DecisionFilter, cursor: CursorRequest) -> CursorPage[PolicyDecision]:
        """Return decisions, newest first. Raise InvalidValue for a cursor of another list."""

    async def shadow_denials(self, policy: str, *, since: datetime) -> Sequence[ShadowDenials]:
        """Return the total first, then by permission, the most decisions first. Nothing if there are no decisions."""


class Placed(Protocol):
    @property
    def at(self) -> datetime: ...
    @property
    def id(self) -> UUID: ...


def place_of(decision: Placed) -> str:
    """Return the position of a decision in the lists, for a cursor."""
    return f"{(decision.at - _EPOCH) // _MICROSECOND}~{decision.id.hex}"


def read_place(cursor: str) -> tuple[datetime, UUID]:
    """Read what `place_of` wrote. Raise InvalidValue."""
    found = _PLACE.fullmatch(cursor)
    try:
        if found:
            return _EPOCH + int(found[1]) * _MICROSECOND, UUID(found[2])
    except OverflowError:
        pass
    raise not_a_cursor(cursor)
