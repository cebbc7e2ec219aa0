"""Identity mails the codes of invitations."""

import grpc.aio

from elcorp.identity.v1 import identity_pb2, identity_pb2_grpc
from governance.domain.invitation import Invitation

_TEMPLATE = "governance.invitation"


class IdentityInvitationMails:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: identity_pb2_grpc.NoticeServiceAsyncStub = identity_pb2_grpc.NoticeServiceStub(channel)

    async def send(self, invitation: Invitation, *, code: str, address: str, organization: str) -> None:
        request = identity_pb2.SendToAddressRequest(
            template=_TEMPLATE,
            address=address,
            facts={"organization": organization, "code": code},
            key=f"invitation:{invitation.id}",
        )
        await self._stub.SendToAddress(request)
