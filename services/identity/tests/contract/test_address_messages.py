"""Messages to an address without an account: handed over by gRPC, sealed, and forgotten after the delivery."""

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from chassis.persistence.database import Database
from chassis.rpc import RemoteError, RpcServer, connect
from chassis.testing.callers import also_name
from chassis.testing.clocks import ControlledClock
from elcorp.identity.v1 import identity_pb2, identity_pb2_grpc
from identity.application import Identity
from identity.application.notices.deliver_to_address import DeliverToAddress
from identity.application.notices.tend_address_messages import TendAddressMessages
from identity.domain.message import Undeliverable
from identity.interfaces.grpc import rpc_services
from identity.settings import IdentitySettings
from identity.wiring.adapters import unit_of_work
from kernel.errors import Kind, Unavailable
from services.identity.tests.contract.api import Api
from services.identity.tests.contract.peers import PeerSettings
from services.identity.tests.fakes.messages import FakeTransport
from services.identity.tests.stored import recorded_actions, rows, views_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ADDRESS = "selma@example.na"
INVITATION = {"template": "governance.invitation", "address": ADDRESS, "key": "invitation:1"}
FACTS = {"organization": "Kunene Traders", "code": "7F3K-99"}


@pytest.fixture
async def notices(identity: Identity, monkeypatch: pytest.MonkeyPatch) -> "AsyncIterator[Any]":
    also_name(monkeypatch, PeerSettings.NAME)
    server = RpcServer("127.0.0.1", 0, rpc_services(identity))
    await server.start()
    async with connect(PeerSettings(identity_target=f"dns:///127.0.0.1:{server.port}"), "identity") as channel:
        yield identity_pb2_grpc.NoticeServiceStub(channel)
    await server.stop(grace_seconds=1)


def request(**of: Any) -> identity_pb2.SendToAddressRequest:
    return identity_pb2.SendToAddressRequest(**{**INVITATION, "facts": FACTS, **of})


async def stored(database: Database) -> list[tuple[bool, bool, bool, bool]]:
    query = """
        SELECT wrapped IS NOT NULL AS has_key, sealed IS NOT NULL AS has_content, delivered_at IS NOT NULL AS delivered,
            failed_at IS NOT NULL AS failed FROM address_messages
    """
    return [tuple(row) for row in await rows(database, query)]


async def deliver(database: Database, settings: IdentitySettings, clock: ControlledClock, transport: FakeTransport) -> None:
    job = DeliverToAddress(unit_of_work(settings, database), transport, clock)
    for row in await rows(database, "SELECT id FROM address_messages"):
        await job(message_id=row.id)


async def test_a_message_is_sent_once_and_its_key_is_destroyed(
    notices: Any, database: Database, settings: IdentitySettings, clock: ControlledClock
) -> None:
    await asyncio.gather(*(notices.SendToAddress(request()) for _ in range(3)))
    assert await stored(database) == [(True, True, False, False)]
    ((sealed, digest),) = await rows(database, "SELECT sealed, digest FROM address_messages")
    assert ADDRESS.encode() not in sealed + digest
    transport = FakeTransport()
    for _ in range(2):
        await deliver(database, settings, clock, transport)
    (letter,) = transport.delivered
    assert (letter.to, letter.subject) == (ADDRESS, "Elcorp: You are invited to an organization")
    assert "Kunene Traders invites you" in letter.text
    assert "7F3K-99" in letter.text
    assert await stored(database) == [(False, False, True, False)]
    # A repeated call after the delivery sends nothing.
    await notices.SendToAddress(request())
    assert len(await rows(database, "SELECT FROM procrastinate_jobs WHERE task_name = 'identity:deliver_to_address'")) == 1
    assert [action for action in await recorded_actions(database) if "address_message" in action] == [
        "identity.address_message.queue",
        "identity.address_message.settle",
    ]
    outbox = b"".join(bytes(row.payload) for row in await rows(database, "SELECT payload FROM outbox"))
    assert ADDRESS.encode() not in outbox


async def test_a_key_is_for_one_message_and_requests_are_checked(notices: Any, database: Database) -> None:
    await notices.SendToAddress(request())
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"address": "anna@example.na"}, "VAL_002"),
        ({"facts": {**FACTS, "code": "other"}}, "VAL_002"),
        ({"key": "2", "template": "payments.approval_needed"}, "VAL_001"),
        ({"key": "2", "template": "governance.nothing"}, "VAL_001"),
        ({"key": "2", "facts": {}}, "VAL_001"),
        ({"key": "2", "address": "selma@example.na\r\nBcc: x@example.na"}, "VAL_001"),
        ({"key": "2", "language": "xx"}, "VAL_001"),
        ({"key": ""}, "VAL_001"),
    ]
    for of, code in wrong:
        with pytest.raises(RemoteError) as refused:
            await notices.SendToAddress(request(**of))
        assert (refused.value.kind, refused.value.code) == (Kind.INVALID, code)
        assert ADDRESS not in str(refused.value)
    assert len(await stored(database)) == 1


async def test_a_message_that_cannot_be_delivered_or_expires_is_forgotten(
    notices: Any, database: Database, settings: IdentitySettings, clock: ControlledClock
) -> None:
    tend = TendAddressMessages(unit_of_work(settings, database), views_of(database).address_messages, clock)
    await notices.SendToAddress(request())
    with pytest.raises(Unavailable):
        await deliver(database, settings, clock, FakeTransport(Unavailable(dependency="smtp")))
    clock.advance(days=3)
    transport = FakeTransport()
    await deliver(database, settings, clock, transport)
    assert (transport.delivered, await stored(database)) == ([], [(True, True, False, False)])
    assert [await tend(), await tend()] == [1, 0]
    assert await stored(database) == [(False, False, False, True)]
    await notices.SendToAddress(request(key="2"))
    await deliver(database, settings, clock, FakeTransport(Undeliverable()))
    assert await stored(database) == [(False, False, False, True)] * 2


async def test_a_developers_mailbox_keeps_a_delivered_message_until_it_expires(
    notices: Any, api: Api, database: Database, settings: IdentitySettings, clock: ControlledClock
) -> None:
    await notices.SendToAddress(request())
    [row] = await rows(database, "SELECT id FROM address_messages")
    transport = FakeTransport()
    for _ in range(2):
        await DeliverToAddress(unit_of_work(settings, database), transport, clock, keep_content=True)(message_id=row.id)
    assert len(transport.delivered) == 1
    [mail] = (await api.get(f"/dev/mailbox?recipient={ADDRESS}")).json()["data"]["items"]
    assert (mail["template"], "7F3K-99" in mail["text"]) == ("governance.invitation", True)
    assert (await api.get("/dev/mailbox?recipient=anna@example.na")).json()["data"]["items"] == []
    clock.advance(days=3)
    await TendAddressMessages(unit_of_work(settings, database), views_of(database).address_messages, clock)()
    assert await stored(database) == [(False, False, True, False)]


async def test_a_mailbox_is_not_flooded(notices: Any, database: Database, clock: ControlledClock) -> None:
    spellings = (ADDRESS, "SELMA@example.na", "selma@EXAMPLE.na")

    async def send(number: int) -> str:
        try:
            await notices.SendToAddress(request(key=f"invitation:{number}", address=spellings[number % 3]))
        except RemoteError as error:
            return error.code
        return ""

    assert sorted(await asyncio.gather(*map(send, range(8)))) == [""] * 5 + ["RATE_001"] * 3
    assert len(await stored(database)) == 5
    assert len(await rows(database, "SELECT FROM procrastinate_jobs WHERE task_name = 'identity:deliver_to_address'")) == 5
    # Other mailboxes are not concerned, and this one may be written to again.
    await notices.SendToAddress(request(key="other", address="anna@example.na"))
    clock.advance(seconds=2 * 3600)
    assert await send(9) == ""
