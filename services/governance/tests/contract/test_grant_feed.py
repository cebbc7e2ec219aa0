"""The feed of roles, from which payments keeps a copy."""

from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.rpc import connect
from chassis.settings import ServiceSettings
from chassis.testing.feeds import read_to_the_end
from elcorp.governance.v1 import governance_pb2, governance_pb2_grpc
from elcorp.governance.v1.events_pb2 import SubjectRolesChanged
from governance.interfaces.grpc import rpc_services
from kernel.ids import new_id
from services.governance.tests.contract.api import Api
from services.governance.tests.contract.rpc import serve_rpc
from services.governance.tests.stored import published

Grants = dict[str, tuple[list[str], int]]


class PaymentsSettings(ServiceSettings):
    NAME: ClassVar[str] = "payments"
    PEERS: ClassVar[tuple[str, ...]] = ("governance",)


async def read(api: Api, cursor: str = "") -> tuple[Grants, str]:
    """Read a round in pages of two; return all roles with their versions, and where the next round begins."""
    found: Grants = {}
    restart = ""
    async with (
        serve_rpc(rpc_services(api.governance)) as target,
        connect(PaymentsSettings(governance_target=target), "governance") as channel,
    ):
        stub: governance_pb2_grpc.RoleServiceAsyncStub = governance_pb2_grpc.RoleServiceStub(channel)
        while True:
            page = await stub.ListGrants(governance_pb2.ListGrantsRequest(cursor=cursor, limit=2))
            found |= {each.subject_id: (list(each.roles), each.version) for each in page.subjects}
            cursor, restart = page.position.cursor, restart or page.position.restart
            if page.position.is_last:
                return found, restart


async def to_the_end(api: Api, restart: str) -> str:
    return await read_to_the_end(lambda begin: read(api, begin), restart)


async def grant(api: Api, subject: UUID, role: str) -> None:
    response = await api.call("POST", "/role-assignments", json={"subject_id": str(subject), "role": role})
    assert response.status_code == 201, response.text


async def announced(database: Database, subject: UUID) -> list[tuple[list[str], int]]:
    messages: list[Any] = [message for _, message in await published(database)]
    return [
        (list(each.roles), each.version)
        for each in messages
        if isinstance(each, SubjectRolesChanged) and each.subject_id == str(subject)
    ]


async def test_all_subjects_are_read_and_then_only_changes(api: Api) -> None:
    subjects = [api.subject() for _ in range(3)]
    for subject in subjects:
        await grant(api, subject, "guest")
    found, restart = await read(api)
    assert [found[str(subject)][0] for subject in subjects] == [["guest"]] * 3
    restart = await to_the_end(api, restart)

    first, *_ = subjects
    await grant(api, first, "staff")
    changed, restart = await read(api, restart)
    assert {subject: roles for subject, (roles, _) in changed.items()} == {str(first): ["guest", "staff"]}
    restart = await to_the_end(api, restart)

    await api.call("DELETE", f"/role-assignments/{first}/guest", params={"reason": "no guest any more"})
    changed, _ = await read(api, restart)
    assert {subject: roles for subject, (roles, _) in changed.items()} == {str(first): ["staff"]}


async def test_an_event_is_newer_than_what_the_feed_said_before_and_not_newer_than_what_it_says_after(
    api: Api, database: Database
) -> None:
    subject = api.subject()
    last = 0
    for role in ("guest", "staff", "admin"):
        await grant(api, subject, role)
        roles, version = (await announced(database, subject))[-1]
        (read_roles, read_version) = (await read(api))[0][str(subject)]
        assert roles == read_roles
        assert last < version <= read_version
        last = read_version


async def test_a_change_by_the_previous_release_is_read_with_a_higher_version(api: Api, database: Database) -> None:
    """It does not know the version, nor who changed last."""
    subject = new_id()
    async with database.engine.begin() as connection:
        await connection.execute(text("INSERT INTO role_holders (subject_id) VALUES (:subject)"), {"subject": subject})
    first, restart = await read(api)
    async with database.engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO role_assignments (subject_id, role, granted_by, granted_at) VALUES (:subject, 'staff', 'me', now())"
            ),
            {"subject": subject},
        )
    second, restart = await read(api, restart)
    async with database.engine.begin() as connection:
        await connection.execute(text("DELETE FROM role_assignments WHERE subject_id = :subject"), {"subject": subject})
    third, _ = await read(api, restart)

    found = [each[str(subject)] for each in (first, second, third)]
    assert [roles for roles, _ in found] == [[], ["staff"], []]
    versions = [version for _, version in found]
    assert versions == sorted(set(versions))
