"""Ports to the current standing and roles of users, checked when money moves."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from kernel.errors import DomainError
from payments.domain.standing import Standing

Roles = frozenset[str]


class Standings(Protocol):
    async def standings(self, user_ids: Collection[UUID]) -> Mapping[UUID, Standing]:
        """Return whether each user may act now. Raise Unavailable if identity does not answer."""


@dataclass(frozen=True, slots=True)
class Payer:
    """A person who ordered a payment, and the organization for which, if any."""

    user_id: UUID
    organization_id: UUID | None = None


class Memberships(Protocol):
    async def current(self, payers: Collection[Payer]) -> Collection[Payer]:
        """Return the payers whose person is a member of their organization now. Raise Unavailable if governance is away."""


class Authority(Protocol):
    async def authorize(
        self, payers: Collection[Payer], *, organization_id: UUID | None = None
    ) -> Mapping[Payer, Roles | DomainError]:
        """Return for each payer the person's current roles, or the refusal of payments on their behalf.

        A role for one organization counts for what belongs to it: to `organization_id`, or else to the payer's organization.

        The refusal is PayerSuspended, PayerClosed, NoLongerPermitted, or NotAMember of the organization. Raise Unavailable if
        identity, governance or the policies do not answer: nobody is refused for that.
        """
