"""Role changes after a token was issued take effect at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from chassis.auth.claims import Claims
from kernel.clock import Clock

# Longer than the lifetime of an access token: after that, every valid token has the new roles.
KEPT_SECONDS = 20 * 60.0
_SUBJECTS_MAX = 200_000
# A token issued later than this after a change includes it, because identity asks governance before it signs. The clocks may
# differ by 5 s (the verifier's leeway), the call takes at most 1 s, the commit of the change the rest; `iat` is rounded down to
# seconds.
SETTLED = timedelta(seconds=10)


class RolesChanged(Protocol):
    """A delivery of elcorp.governance.v1.SubjectRolesChanged."""

    @property
    def message(self) -> Any: ...

    @property
    def occurred_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class _Override:
    roles: frozenset[str]
    changed_at: datetime
    version: int
    kept_until: float

    def is_newer_than(self, changed_at: datetime, version: int) -> bool:
        # Clocks of governance's processes differ; versions do not. A release without versions sends 0.
        if self.version and version:
            return self.version > version
        return self.changed_at > changed_at


class SubjectRoles:
    """Overrides of token roles, from governance's events."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._overrides: dict[str, _Override] = {}

    def effective(self, claims: Claims) -> frozenset[str]:
        """Return the present roles of a token's subject.

        A change overrides tokens that may have been issued without it. A later token may include a change that this process has
        not received yet, so the token's roles apply.
        """
        override = self._overrides.get(claims.subject_id)
        if override is None:
            return claims.roles
        if self._clock.elapsed() >= override.kept_until:
            del self._overrides[claims.subject_id]
            return claims.roles
        if claims.issued_at > override.changed_at + SETTLED:
            return claims.roles
        return override.roles

    def change(self, subject_id: str, roles: Iterable[str], *, changed_at: datetime, version: int = 0) -> None:
        """Apply new roles; ignore an event older than the last one."""
        known = self._overrides.pop(subject_id, None)
        if known and known.is_newer_than(changed_at, version):
            self._overrides[subject_id] = known
            return
        # Of tokens until the later of both times it is unknown which change they include.
        changed_at = max(changed_at, known.changed_at) if known else changed_at
        while len(self._overrides) >= _SUBJECTS_MAX:
            del self._overrides[next(iter(self._overrides))]
        self._overrides[subject_id] = _Override(frozenset(roles), changed_at, version, self._clock.elapsed() + KEPT_SECONDS)

    async def on_changed(self, delivery: RolesChanged) -> None:
        """Listener callback for SubjectRolesChanged."""
        message = delivery.message
        self.change(message.subject_id, message.roles, changed_at=delivery.occurred_at, version=message.version)
