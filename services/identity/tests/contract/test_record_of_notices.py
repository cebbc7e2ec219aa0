"""Everything that notices write to the audit log: whole facts, without the notices' facts and without addresses."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from chassis.auth import TokenVerifier
from chassis.messaging.reports import Outcome
from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application import Identity
from identity.application.notices.deliver_to_address import DeliverToAddress
from identity.application.notices.tend_address_messages import TendAddressMessages
from identity.settings import IdentitySettings
from identity.wiring.adapters import unit_of_work
from kernel.notices import Recipient, Urgency
from services.identity.tests.contract.api import Api, own_id
from services.identity.tests.contract.notice_steps import REFUSED, NoticeSteps, requested
from services.identity.tests.contract.outbox import IDENTITY, fact, recording, user
from services.identity.tests.fakes.messages import FakeTransport
from services.identity.tests.stored import rows, views_of


@pytest.fixture
async def token(api: Api) -> str:
    return await api.signed_in()


@pytest.fixture
async def user_id(api: Api, token: str) -> str:
    return await own_id(api, token)


async def test_the_way_of_a_request(user_id: str, notice_steps: NoticeSteps, database: Database, clock: ControlledClock) -> None:
    async with recording(database) as record:
        message = requested(Recipient.person(UUID(user_id)), at=clock.now(), urgency=Urgency.DIGEST)
        assert await notice_steps.receive(message) is Outcome.HANDLED
        await notice_steps.inform()
        clock.advance(days=1)
        assert await notice_steps.send_due() == 1
        clock.advance(days=366)
        assert await notice_steps.purge() >= 1
    (request_id,) = await notice_steps.queued()
    received, informed, mailed, purged = record.facts
    of_request: dict[str, Any] = {"by": IDENTITY, "related": [user_id]}
    begun = clock.now().replace(year=2026, month=3, day=21)
    assert received == fact(
        "identity.notice_request.receive",
        ("notice_request", request_id),
        at=begun,
        after={"producer": "payments", "template": REFUSED, "recipient": "person"},
        **of_request,
    )
    assert informed == fact(
        "identity.notice_request.inform",
        ("notice_request", request_id),
        at=begun,
        after={"informed": 1, "completed": True, "failure": None},
        **of_request,
    )
    assert mailed == fact(
        "identity.notice.mail",
        ("user", user_id),
        by=IDENTITY,
        at=begun.replace(day=22),
        after={"mailed": 1, "dropped": 0},
    )
    assert purged == fact(
        "identity.notice.purge",
        ("notice", "expired"),
        by=IDENTITY,
        at=clock.now(),
        after={"notices": 1, "requests": 1, "address_messages": 0},
    )


async def test_reading_and_preferences(
    api: Api,
    token: str,
    user_id: str,
    verifier: TokenVerifier,
    notice_steps: NoticeSteps,
    database: Database,
    clock: ControlledClock,
) -> None:
    for key in ("one", "two"):
        await notice_steps.notify(Recipient.person(UUID(user_id)), key=key)
    newest = (await api.get("/notices", token=token)).json()["data"]["items"][0]["id"]
    by = user(await verifier.verify(token))
    async with recording(database) as record:
        await api.post("/notices/read", {"until_id": newest}, token=token)
        await set_language(api, token)
    read, changed = record.facts
    assert read == fact("identity.notice.read", ("user", user_id), by=by, at=clock.now(), after={"read": 2})
    assert changed == fact("identity.notice_preferences.change", ("user", user_id), by=by, at=clock.now(), after={})


async def test_messages_to_addresses(
    identity: Identity, settings: IdentitySettings, database: Database, clock: ControlledClock
) -> None:
    uow, begun = unit_of_work(settings, database), clock.now()
    facts = {"organization": "Kunene Traders", "code": "7F3K-99"}
    tend = TendAddressMessages(uow, views_of(database).address_messages, clock)
    async with recording(database) as record:
        await identity.notices.send_to_address(
            caller="governance", key="1", template="governance.invitation", address="selma@example.na", facts=facts, language=""
        )
        clock.advance(seconds=3601)
        ((message_id,),) = await rows(database, "SELECT id FROM address_messages")
        await DeliverToAddress(uow, FakeTransport(), clock)(message_id=message_id)
        assert await tend() == 0
    queued, settled = record.facts
    of: dict[str, Any] = {"caller": "governance", "template": "governance.invitation"}
    governance = {"kind": "service", "subject_id": "governance"}
    at = ("address_message", message_id)
    assert queued == fact("identity.address_message.queue", at, by=governance, at=begun, after={**of, "status": "waiting"})
    assert settled == fact(
        "identity.address_message.settle", at, by=IDENTITY, at=clock.now(), after={**of, "status": "delivered"}
    )


async def set_language(api: Api, token: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return await api.client.put("/api/v1/notices/preferences", json={"language": "af"}, headers=headers)
