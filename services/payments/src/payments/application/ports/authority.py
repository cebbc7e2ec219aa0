"""What payments asks about the people it acts for, at the moment in which money moves."""

from collections.abc import Collection, Mapping
from typing import Protocol
from uuid import UUID

from kernel.errors import DomainError
from payments.domain.standing import Standing

Roles = frozenset[str]


class Standings(Protocol):
    async def standings(self, user_ids: Collection[UUID]) -> Mapping[UUID, Standing]:
        """Tell which users may act now; raises Unavailable when identity does not answer."""


class Authority(Protocol):
    async def authorize(self, payers: Collection[UUID]) -> Mapping[UUID, Roles | DomainError]:
        """Return for each payer the roles of now to act with, or why nothing is paid on their behalf.

        The refusal is PayerSuspended, PayerClosed or NoLongerPermitted. Raises Unavailable when identity, governance or
        the policies do not answer: nobody is refused for that.
        """
