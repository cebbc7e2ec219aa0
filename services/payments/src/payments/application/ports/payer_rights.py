"""Ports to the current standing and roles of users, checked when money moves."""

from collections.abc import Collection, Mapping
from typing import Protocol
from uuid import UUID

from kernel.errors import DomainError
from payments.domain.standing import Standing

Roles = frozenset[str]


class Standings(Protocol):
    async def standings(self, user_ids: Collection[UUID]) -> Mapping[UUID, Standing]:
        """Return whether each user may act now. Raise Unavailable if identity does not answer."""


class Authority(Protocol):
    async def authorize(self, payers: Collection[UUID]) -> Mapping[UUID, Roles | DomainError]:
        """Return for each payer their current roles, or the refusal of payments on their behalf.

        The refusal is PayerSuspended, PayerClosed or NoLongerPermitted. Raise Unavailable if identity, governance or the
        policies do not answer: nobody is refused for that.
        """
