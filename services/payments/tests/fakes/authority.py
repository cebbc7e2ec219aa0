"""Standings and roles of users, as identity and governance return them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from kernel.errors import DomainError, Unavailable
from payments.application.ports.payer_rights import Roles
from payments.domain.errors import NoLongerPermitted
from payments.domain.standing import Standing


@dataclass
class FakeAuthority:
    """Every user is active and has the role `user`, which may pay, unless a test changes it. `away`: identity does not answer.

    `asked` contains the users of each request.
    """

    standing: dict[UUID, Standing] = field(default_factory=dict)
    roles: dict[UUID, frozenset[str]] = field(default_factory=dict)
    may_pay: frozenset[str] = frozenset({"user", "admin"})
    away: bool = False
    asked: list[set[UUID]] = field(default_factory=list)

    async def standings(self, user_ids: Collection[UUID]) -> Mapping[UUID, Standing]:
        self.asked.append(set(user_ids))
        if self.away:
            raise Unavailable(dependency="identity")
        return {user_id: self.standing.get(user_id, Standing.ACTIVE) for user_id in user_ids}

    async def authorize(self, payers: Collection[UUID]) -> Mapping[UUID, Roles | DomainError]:
        standings = await self.standings(payers)
        return {payer: standing.refusal or self._permitted(payer) for payer, standing in standings.items()}

    def _permitted(self, payer: UUID) -> Roles | DomainError:
        roles = self.roles.get(payer, frozenset({"user"}))
        return NoLongerPermitted(permission="payment:create") if self.may_pay.isdisjoint(roles) else roles
