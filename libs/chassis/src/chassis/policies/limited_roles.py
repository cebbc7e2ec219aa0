"""Roles within limits, in the memory of each process that decides: no token has them (ADR 7).

Almost nobody has such a role, so the copy is small: it has the subjects that have one, and not the others. It is filled and
completed by governance's feed (ADR 46), and kept prompt by its events.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from sys import intern
from typing import Any, Final, NamedTuple, Protocol

from google.protobuf.timestamp_pb2 import Timestamp
from prometheus_client import Gauge

from kernel.feeds import FeedPage

NONE: Final[frozenset[str]] = frozenset()
_MICROSECONDS: Final = 1_000_000

SUBJECTS: Final = Gauge("policy_limited_subjects", "Subjects in the copy of roles within limits.")


class LimitedRole(NamedTuple):
    """A role for one organization, or one team of it, from `starts_at` on and before `ends_at`, in seconds since 1970.

    None: without this limit.
    """

    role: str
    organization_id: str | None = None
    starts_at: float | None = None
    ends_at: float | None = None
    team_id: str | None = None

    @classmethod
    def read(cls, message: Any) -> "LimitedRole":
        """Read an elcorp.governance.v1.LimitedRole."""
        return cls(
            # A few roles and organizations are named by many.
            intern(message.role),
            intern(message.organization_id) if message.organization_id else None,
            _seconds(message.starts_at) if message.HasField("starts_at") else None,
            _seconds(message.ends_at) if message.HasField("ends_at") else None,
            intern(message.team_id) if message.team_id else None,
        )

    def holds_at(self, at: float) -> bool:
        return (self.starts_at is None or self.starts_at <= at) and (self.ends_at is None or at < self.ends_at)


class SubjectRow(NamedTuple):
    """All limited roles of a subject. Of two rows, the one with the higher version is newer."""

    subject_id: str
    roles: Sequence[LimitedRole]
    version: int


class LimitedRoleSource(Protocol):
    async def inactive_organizations(self) -> Collection[str]:
        """Return the organizations for which no limited role is in force: suspended and closed ones; raises Unavailable."""

    async def page(self, cursor: str) -> FeedPage[SubjectRow]:
        """Return the next page of the feed; raises Unavailable."""


class RolesChanged(Protocol):
    """A delivery of elcorp.governance.v1.LimitedRolesChanged."""

    @property
    def message(self) -> Any: ...


class _Held(NamedTuple):
    roles: tuple[LimitedRole, ...]
    version: int


_Copy = dict[str, _Held]


@dataclass(slots=True)
class LimitedRoles:
    """The copy. Its age is that of the policies, which are refreshed together with it."""

    _copy: _Copy = field(default_factory=dict)
    # While the copy is filled again, events go to both.
    _filling: _Copy | None = None
    _restart: str = ""
    _inactive: frozenset[str] = NONE

    def has(self, subject_id: str) -> bool:
        """Return whether a subject may have limited roles; almost none does."""
        return subject_id in self._copy

    def on(self, subject_id: str, *, organization_id: str | None, teams: Collection[str] = (), at: float) -> frozenset[str]:
        """Return the limited roles of a subject that are in force for what belongs to an organization, or to none.

        `teams` are the team to which it belongs, and the teams of which that is a part.
        """
        held = self._copy.get(subject_id)
        if held is None:
            return NONE
        return frozenset(
            each.role
            for each in held.roles
            if (
                each.organization_id is None
                or (each.organization_id == organization_id and organization_id not in self._inactive)
            )
            and (each.team_id is None or each.team_id in teams)
            and each.holds_at(at)
        )

    def anywhere(self, subject_id: str, *, at: float) -> frozenset[str]:
        """Return the limited roles of a subject that are in force for anything."""
        held = self._copy.get(subject_id)
        if held is None:
            return NONE
        return frozenset(each.role for each in held.roles if each.organization_id not in self._inactive and each.holds_at(at))

    async def refresh(self, source: LimitedRoleSource) -> None:
        """Read the feed to its end; raises Unavailable, and keeps what it has."""
        cursor, restart = self._restart, ""
        self._filling = None if cursor else {}
        try:
            while True:
                page = await source.page(cursor)
                if page.is_reset:
                    # Another history of governance's database, whose versions say nothing about these.
                    cursor, restart, self._filling = "", "", {}
                    continue
                _write(page.rows, self._copy if self._filling is None else self._filling)
                cursor, restart = page.cursor, restart or page.restart
                if page.is_last:
                    break
            if self._filling is not None:
                self._copy = self._filling
            self._restart = restart
            self._inactive = frozenset(await source.inactive_organizations())
            SUBJECTS.set(len(self._copy))
        finally:
            self._filling = None

    async def on_changed(self, delivery: RolesChanged) -> None:
        """Listener callback for LimitedRolesChanged."""
        message = delivery.message
        self.apply(SubjectRow(message.subject_id, list(map(LimitedRole.read, message.roles)), message.version))

    def apply(self, row: SubjectRow) -> None:
        """Replace the roles of a subject, unless newer ones are known."""
        for copy in (self._copy, self._filling):
            if copy is not None:
                _write((row,), copy)


def _write(rows: Iterable[SubjectRow], copy: _Copy) -> None:
    for row in rows:
        known = copy.get(row.subject_id)
        if known is None or known.version < row.version:
            # A subject that has none any more stays, so that a late event does not bring its roles back.
            copy[row.subject_id] = _Held(tuple(row.roles), row.version)


def organization_of(attributes: Mapping[str, object]) -> str | None:
    """Return the organization of a resource, if it belongs to one."""
    organization_id = attributes.get("organization")
    return organization_id if isinstance(organization_id, str) else None


def teams_of(attributes: Mapping[str, object]) -> Sequence[str]:
    """Return the team of a resource, and the teams of which that is a part."""
    teams = attributes.get("teams")
    return teams if isinstance(teams, list | tuple) else ()


def _seconds(moment: Timestamp) -> float:
    return moment.ToMicroseconds() / _MICROSECONDS
