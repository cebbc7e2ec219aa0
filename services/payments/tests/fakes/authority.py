"""Standings and roles of users, as identity and governance return them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from kernel.errors import DomainError, Unavailable
from payments.application.ports.payer_rights import Payer, Roles
from payments.application.transfers.members import members_among, refusal_of
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
    # Who is no longer a member; everybody else is.
    left: set[Payer] = field(default_factory=set)
    away: bool = False
    asked: list[set[UUID]] = field(default_factory=list)

    async def standings(self, user_ids: Collection[UUID]) -> Mapping[UUID, Standing]:
        self.asked.append(set(user_ids))
        if self.away:
            raise Unavailable(dependency="identity")
        return {user_id: self.standing.get(user_id, Standing.ACTIVE) for user_id in user_ids}

    async def current(self, payers: Collection[Payer]) -> Collection[Payer]:
        if self.away:
            raise Unavailable(dependency="governance")
        return [payer for payer in payers if payer not in self.left]

    async def authorize(
        self,
        payers: Collection[Payer],
        *,
        organization_id: UUID | None = None,  # a role counts everywhere here
    ) -> Mapping[Payer, Roles | DomainError]:
        standings = await self.standings({payer.user_id for payer in payers})
        members = await members_among(self, payers)
        return {
            payer: standings[payer.user_id].refusal or refusal_of(payer, members) or self._permitted(payer.user_id)
            for payer in payers
        }

    def _permitted(self, payer: UUID) -> Roles | DomainError:
        roles = self.roles.get(payer, frozenset({"user"}))
        return NoLongerPermitted(permission="payment:create") if self.may_pay.isdisjoint(roles) else roles
