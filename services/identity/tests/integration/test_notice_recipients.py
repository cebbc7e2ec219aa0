"""Who is behind a recipient, by governance's answers over a real channel."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from chassis.rpc import RpcServer, RpcService, connect
from elcorp.governance.v1 import governance_pb2, governance_pb2_grpc
from identity.domain.errors import UnknownRecipients
from identity.infrastructure.notice_recipients import GovernanceRecipients
from identity.settings import IdentitySettings
from kernel.errors import InvalidValue, NotFound, Unavailable
from kernel.notices import Recipient, RecipientKind

HOLDERS = [UUID(int=number) for number in range(1, 4)]
OURS = UUID(int=9)


class Governance(governance_pb2_grpc.RoleServiceServicer):
    async def GetSubjectRoles(self, request: Any, context: Any) -> Any:  # noqa: N802
        raise NotImplementedError

    async def GetRolesOfSubjects(self, request: Any, context: Any) -> Any:  # noqa: N802
        raise NotImplementedError

    async def ListHolders(self, request: governance_pb2.ListHoldersRequest, context: Any) -> governance_pb2.ListHoldersResponse:  # noqa: N802
        if request.role == "away":
            raise Unavailable
        if not {"staff", str(OURS)} & {request.role, request.permission, request.organization_id}:
            raise NotFound
        holders = [str(holder) for holder in HOLDERS if str(holder) > request.after_subject_id]
        return governance_pb2.ListHoldersResponse(subject_ids=holders[: request.limit])


class Policies(governance_pb2_grpc.PolicyServiceServicer):
    """A channel checks the health of governance's first service."""

    async def GetBundle(self, request: Any, context: Any) -> Any:  # noqa: N802
        raise NotImplementedError


@pytest.fixture
async def recipients() -> AsyncIterator[GovernanceRecipients]:
    roles, policies = (
        governance_pb2_grpc.add_RoleServiceServicer_to_server,
        governance_pb2_grpc.add_PolicyServiceServicer_to_server,
    )
    served = [
        RpcService(policies, Policies(), "elcorp.governance.v1.PolicyService"),  # type: ignore[abstract]  # identity calls none
        RpcService(roles, Governance(), "elcorp.governance.v1.RoleService"),  # type: ignore[abstract]  # only the method that identity calls
    ]
    server = RpcServer("127.0.0.1", 0, served)
    await server.start()
    settings = IdentitySettings(governance_target=f"dns:///127.0.0.1:{server.port}")
    async with connect(settings, "governance") as channel:
        yield GovernanceRecipients(channel)
    await server.stop(grace_seconds=1)


async def test_people_are_read_in_pages_by_role_permission_or_organization(recipients: GovernanceRecipients) -> None:
    for recipient in (
        Recipient.holders_of_role("staff"),
        Recipient.holders_of_permission("staff"),
        Recipient.organization(OURS),
    ):
        assert list(await recipients.page(recipient, after=None, limit=2)) == HOLDERS[:2]
        assert list(await recipients.page(recipient, after=HOLDERS[1], limit=2)) == HOLDERS[2:]


async def test_a_person_is_a_page_of_one(recipients: GovernanceRecipients) -> None:
    assert list(await recipients.page(Recipient.person(HOLDERS[0]), after=None, limit=2)) == HOLDERS[:1]
    assert list(await recipients.page(Recipient.person(HOLDERS[0]), after=HOLDERS[0], limit=2)) == []
    with pytest.raises(InvalidValue):
        await recipients.page(Recipient(RecipientKind.PERSON, "me"), after=None, limit=2)


async def test_unknown_recipients_differ_from_an_outage(recipients: GovernanceRecipients) -> None:
    for unknown in (Recipient.holders_of_role("nobody"), Recipient.team(HOLDERS[0])):
        with pytest.raises(UnknownRecipients):
            await recipients.page(unknown, after=None, limit=2)
    with pytest.raises(Exception, match="unavailable"):
        await recipients.page(Recipient.holders_of_role("away"), after=None, limit=2)
