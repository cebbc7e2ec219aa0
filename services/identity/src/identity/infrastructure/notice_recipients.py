"""The people behind the recipient of a notice: by governance, for roles, permissions and organizations."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import grpc.aio

from chassis.rpc import RemoteError
from elcorp.governance.v1 import governance_pb2, governance_pb2_grpc
from identity.domain.errors import UnknownRecipients
from kernel.errors import InvalidValue, Kind
from kernel.notices import Recipient, RecipientKind

# Governance has no teams yet. The field of the question that names each recipient.
_LISTED: Final = {
    RecipientKind.ROLE: "role",
    RecipientKind.PERMISSION: "permission",
    RecipientKind.ORGANIZATION: "organization_id",
}
_IDS: Final = frozenset({RecipientKind.PERSON, RecipientKind.TEAM, RecipientKind.ORGANIZATION})


class KnownRecipients:
    """Which kinds of recipients this release can list."""

    def require(self, recipient: Recipient) -> None:
        if recipient.kind in _IDS:
            _id_of(recipient)
        if recipient.kind is not RecipientKind.PERSON and recipient.kind not in _LISTED:
            raise UnknownRecipients(kind=recipient.kind.value, reference=recipient.reference)


class GovernanceRecipients:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: governance_pb2_grpc.RoleServiceAsyncStub = governance_pb2_grpc.RoleServiceStub(channel)

    async def page(self, recipient: Recipient, *, after: UUID | None, limit: int) -> Sequence[UUID]:
        if recipient.kind is RecipientKind.PERSON:
            return () if after else (_id_of(recipient),)
        if recipient.kind not in _LISTED:
            raise UnknownRecipients(kind=recipient.kind.value, reference=recipient.reference)
        request = governance_pb2.ListHoldersRequest(after_subject_id=str(after or ""), limit=limit)
        setattr(request, _LISTED[recipient.kind], recipient.reference)
        try:
            response = await self._stub.ListHolders(request)
        except RemoteError as error:
            if error.kind in {Kind.NOT_FOUND, Kind.INVALID}:
                raise UnknownRecipients(kind=recipient.kind.value, reference=recipient.reference) from error
            raise
        return [UUID(subject_id) for subject_id in response.subject_ids]


def _id_of(recipient: Recipient) -> UUID:
    try:
        return UUID(recipient.reference)
    except ValueError:
        raise InvalidValue(field=f"{recipient.kind.value}_id", expected="a UUID") from None
