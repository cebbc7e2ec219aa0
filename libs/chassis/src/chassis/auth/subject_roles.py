"""Roles that changed after a token was issued: the change holds at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from chassis.auth.claims import Claims
from kernel.clock import Clock

# Longer than an access token lives: afterwards every token in use carries the new roles itself.
_KEPT = timedelta(minutes=20)
_SUBJECTS_MAX = 200_000
# A token that is issued later than this after a change carries it: identity asks governance before it signs. Clocks of the two
# may differ by 5 s (the verifier forgives as much), the question takes at most 1 s, the commit of the change the rest; `iat` has
# whole seconds and is never later than the truth.
_SETTLED = timedelta(seconds=10)


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
    kept_until: datetime


class SubjectRoles:
    """Overrides of token roles, from governance's events."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._overrides: dict[str, _Override] = {}

    def effective(self, claims: Claims) -> frozenset[str]:
        """Return the roles that hold now for the bearer of a token.

        A change overrides the tokens that may have been issued without it. A later token may carry a change that this process
        has not received yet, so its own roles hold.
        """
        override = self._overrides.get(claims.subject_id)
        if override is None:
            return claims.roles
        if self._clock.now() >= override.kept_until:
            del self._overrides[claims.subject_id]
            return claims.roles
        if claims.issued_at > override.changed_at + _SETTLED:
            return claims.roles
        return override.roles

    def change(self, subject_id: str, roles: Iterable[str], *, changed_at: datetime) -> None:
        """Let new roles hold from now on; an event older than the one known is ignored."""
        known = self._overrides.pop(subject_id, None)
        if known and known.changed_at > changed_at:
            self._overrides[subject_id] = known
            return
        while len(self._overrides) >= _SUBJECTS_MAX:
            del self._overrides[next(iter(self._overrides))]
        self._overrides[subject_id] = _Override(frozenset(roles), changed_at, self._clock.now() + _KEPT)

    async def on_changed(self, delivery: RolesChanged) -> None:
        """Listener callback for SubjectRolesChanged."""
        self.change(delivery.message.subject_id, delivery.message.roles, changed_at=delivery.occurred_at)
