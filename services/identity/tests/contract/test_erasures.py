"""Erasure: restrict at once, get every service's answer, erase when the law allows it, and issue a receipt."""

import asyncio
import base64
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import DatabaseUrls
from elcorp.compliance.v1 import events_pb2 as compliance
from elcorp.identity.v1 import events_pb2, identity_pb2
from identity.domain.erasure import ASKED_AGAIN_AFTER, CONTEXTS
from identity.domain.errors import UnknownAcknowledgement
from identity.infrastructure.erasure_receipts import verify_receipt
from kernel.errors import NotFound
from services.identity.tests.contract.api import DETAILS, Api, own_id
from services.identity.tests.contract.devices import Ed25519Device, register_key
from services.identity.tests.contract.erasures import ErasureSteps
from services.identity.tests.contract.outbox import published
from services.identity.tests.contract.peers import Stub
from services.identity.tests.contract.people import signed_in_as
from services.identity.tests.fakes import Fakes


async def request(api: Api, token: str) -> dict[str, Any]:
    answer = await api.post(f"/users/{await own_id(api, token)}/erasure", {}, token=token)
    assert answer.status_code == 202, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def test_requesting_an_erasure_restricts_the_user_at_once(api: Api, database: Database, fakes: Fakes) -> None:
    await api.register()
    pair = (await api.login()).json()["data"]
    token = pair["access_token"]
    await register_key(api, token, Ed25519Device())
    user_id = await own_id(api, token)
    erasure = await request(api, token)
    assert (erasure["status"], erasure["answered"], erasure["receipt"]) == ("requested", [], None)
    assert (await api.login()).status_code == 401
    assert (await api.refresh(pair["refresh_token"])).status_code == 401
    assert len(fakes.revocations.ended) == 1
    assert (await api.get("/users/me", token=token)).status_code == 404
    assert [event.reason for event, _ in await published(database, events_pb2.DeviceKeyRevoked)] == ["account_closed"]
    assert [event.reason for event, _ in await published(database, events_pb2.SessionEnded)] == ["erasure"]
    ((event, _),) = await published(database, events_pb2.ErasureRequested)
    assert (event.erasure_id, event.user_id) == (erasure["id"], user_id)


async def test_a_user_is_erased_once_all_services_have_answered(api: Api, erasure_steps: ErasureSteps, stub: Stub) -> None:
    token = await api.signed_in()
    user_id = await own_id(api, token)
    address = (await api.get("/users/me", token=token)).json()["data"]["wallet_address"]
    erasure = await request(api, token)
    await erasure_steps.answer(erasure["id"], "payments", "governance")
    assert await erasure_steps.carry_out() == 0
    assert (await api.get(f"/erasures/{erasure['id']}")).json()["data"]["answered"] == ["governance", "payments"]
    await erasure_steps.answer(erasure["id"], "compliance")
    assert [await erasure_steps.carry_out(), await erasure_steps.carry_out()] == [1, 0]
    after = (await api.get(f"/erasures/{erasure['id']}")).json()["data"]
    assert after["status"] == "erased"
    assert after["receipt"]["statement"]["user_id"] == user_id
    found = await stub.LookUpAddress(identity_pb2.LookUpAddressRequest(address=address))
    assert (found.active, found.masked_name) == (False, "")
    assert not (await stub.GetSubject(identity_pb2.GetSubjectRequest(subject_id=user_id))).active
    # The same person may register again: nothing is left that would recognise them.
    assert (await api.register()).status_code == 200


async def test_a_receipt_is_verified_offline_and_no_part_of_it_can_be_changed(api: Api, erasure_steps: ErasureSteps) -> None:
    erasure = await request(api, await api.signed_in())
    await erasure_steps.answer(erasure["id"])
    await erasure_steps.carry_out()
    receipt = (await api.get(f"/erasures/{erasure['id']}")).json()["data"]["receipt"]
    (key,) = (await api.get("/erasures/receipt-keys")).json()["data"]
    public = base64.b64decode(key["public_key"])
    assert receipt["key_id"] == key["id"]
    assert verify_receipt(receipt, public)
    assert set(receipt["statement"]["acknowledgements"]) == CONTEXTS
    for name in receipt["statement"]:
        assert not verify_receipt({**receipt, "statement": {**receipt["statement"], name: "other"}}, public)
    for broken in ({}, {"statement": receipt["statement"]}, {**receipt, "signature": "!"}, {**receipt, "signature": ""}):
        assert not verify_receipt(broken, public)
    assert not verify_receipt(receipt, bytes(32))


async def test_data_that_the_law_requires_stays_restricted_until_its_date(
    api: Api, erasure_steps: ErasureSteps, database_urls: DatabaseUrls
) -> None:
    until = erasure_steps.clock.now() + timedelta(days=1826)
    token = await api.signed_in()
    user_id = await own_id(api, token)
    erasure = await request(api, token)
    await erasure_steps.answer(erasure["id"], until=until)
    assert await erasure_steps.carry_out() == 0
    found = (await api.get(f"/erasures/{erasure['id']}")).json()["data"]
    assert (found["status"], datetime.fromisoformat(found["restricted_until"])) == ("restricted", until)
    with psycopg.connect(database_urls.owner) as connection:
        assert connection.execute("SELECT count(*) FROM subject_keys").fetchone() == (1,)
    erasure_steps.clock.advance(seconds=timedelta(days=1826).total_seconds() - 1)
    assert await erasure_steps.carry_out() == 0
    erasure_steps.clock.advance(seconds=1)
    assert await erasure_steps.carry_out() == 1
    with psycopg.connect(database_urls.owner) as connection:
        assert connection.execute("SELECT count(*) FROM subject_keys").fetchone() == (0,)
        assert connection.execute("SELECT status, username FROM users WHERE id = %s", (user_id,)).fetchone() == ("erased", None)


async def test_repeated_and_concurrent_requests_give_one_erasure(api: Api, database: Database) -> None:
    token = await api.signed_in()
    path = f"/users/{await own_id(api, token)}/erasure"
    answers = await asyncio.gather(*(api.post(path, {}, token=token) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["data"]["id"] for answer in answers}) == 1
    assert len(await published(database, events_pb2.ErasureRequested)) == 1


async def test_concurrent_workers_erase_once(api: Api, erasure_steps: ErasureSteps, database: Database) -> None:
    erasure = await request(api, await api.signed_in())
    await erasure_steps.answer(erasure["id"])
    assert sum(await asyncio.gather(*(erasure_steps.carry_out() for _ in range(4)))) == 1
    facts = [fact.action for message, _ in await published(database, compliance.AuditFactsRecorded) for fact in message.facts]
    assert facts.count("identity.user.erase") == 1


async def test_the_first_answer_of_a_service_counts_and_unknown_services_have_none(api: Api, erasure_steps: ErasureSteps) -> None:
    erasure = await request(api, await api.signed_in())
    await erasure_steps.answer(erasure["id"], "compliance", until=erasure_steps.clock.now() + timedelta(days=1))
    await erasure_steps.answer(erasure["id"], "compliance")
    await erasure_steps.answer(erasure["id"], "payments", "governance")
    assert await erasure_steps.carry_out() == 0
    with pytest.raises(UnknownAcknowledgement):
        await erasure_steps.answer(erasure["id"], "gateway")
    with pytest.raises(NotFound):
        await erasure_steps.answer(str(uuid4()), "payments")


async def test_a_service_that_does_not_answer_is_asked_again(api: Api, erasure_steps: ErasureSteps, database: Database) -> None:
    erasure = await request(api, await api.signed_in())
    await erasure_steps.answer(erasure["id"], "payments")
    await erasure_steps.carry_out()
    assert len(await published(database, events_pb2.ErasureRequested)) == 1
    erasure_steps.clock.advance(seconds=ASKED_AGAIN_AFTER.total_seconds())
    for _ in range(2):
        await erasure_steps.carry_out()
    events = [event for event, _ in await published(database, events_pb2.ErasureRequested)]
    assert [event.erasure_id for event in events] == [erasure["id"]] * 2
    assert events[0].requested_at == events[1].requested_at


async def test_one_run_handles_all_due_users(api: Api, erasure_steps: ErasureSteps, database: Database) -> None:
    ids = []
    for number in range(3):
        token = await api.signed_in(email=f"user{number}@example.na", phone=f"+26481123456{number}")
        ids.append((await request(api, token))["id"])
        erasure_steps.clock.advance(seconds=60)

    async def asked() -> list[str]:
        return [event.erasure_id for event, _ in await published(database, events_pb2.ErasureRequested)]

    assert await asked() == ids
    erasure_steps.clock.advance(seconds=ASKED_AGAIN_AFTER.total_seconds() - 90)
    # The first two have waited long enough, and the longest waiting one comes first.
    assert await erasure_steps.carry_out() == 0
    assert await asked() == [*ids, *ids[:2]]
    for erasure_id in ids:
        await erasure_steps.answer(erasure_id)
    assert [await erasure_steps.carry_out(), await erasure_steps.carry_out()] == [3, 0]
    statuses = [(await api.get(f"/erasures/{erasure_id}")).json()["data"]["status"] for erasure_id in ids]
    assert statuses == ["erased"] * 3


async def test_erasure_requests_by_other_users_for_staff_and_after_an_old_sign_in_are_refused(
    api: Api, fakes: Fakes, clock: ControlledClock
) -> None:
    johannes = await api.signed_in(email="johannes@example.na", phone="+264811234568")
    token = await api.signed_in()
    user_id = await own_id(api, token)
    assert (await api.post(f"/users/{user_id}/erasure", {}, token=johannes)).status_code == 404
    assert (await api.post(f"/users/{user_id}/erasure", {"reason": "free words"}, token=token)).status_code == 422
    fakes.roles.roles = ("staff", "user")
    answer = await api.post(f"/users/{user_id}/erasure", {}, token=token)
    assert (answer.status_code, answer.json()["code"]) == (409, "IDN_003")
    fakes.roles.away = True
    assert (await api.post(f"/users/{user_id}/erasure", {}, token=token)).status_code == 503
    fakes.roles.away = False
    clock.advance(seconds=301)
    answer = await api.post(f"/users/{user_id}/erasure", {}, token=token)
    assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_005")


async def test_an_administrator_requests_an_erasure_for_another_user(api: Api, fakes: Fakes) -> None:
    user_id = (await api.register()).json()["data"]["id"]
    fakes.roles.roles = ("admin",)
    admin = await api.signed_in(email="boss@example.na", phone="+264811234568")
    fakes.roles.roles = ("user",)
    answer = await api.post(f"/users/{user_id}/erasure", {"reason": "ordered"}, token=admin)
    assert answer.status_code == 202
    assert (await api.get(f"/users/{user_id}", token=admin)).status_code == 404
    listed = (await api.get("/users?reason=complaint+4711&status=restricted", token=admin)).json()["data"]["items"]
    assert [each["id"] for each in listed] == [user_id]
    for verb in ("suspend", "activate", "restore"):
        await api.post(f"/users/{user_id}/{verb}", {"reason": "Changed our mind"}, token=admin)
    assert (await api.login(email=DETAILS["email"])).status_code == 401
    assert (await api.post(f"/users/{uuid4()}/erasure", {}, token=admin)).status_code == 404


async def test_the_requester_is_stored_with_the_erasure(
    api: Api, fakes: Fakes, database: Database, clock: ControlledClock
) -> None:
    admin = await signed_in_as(api, fakes, "admin")
    asked_for = (await api.register(email="johannes@example.na", phone="+264811234568")).json()["data"]["id"]
    token = await api.signed_in()
    asking, admin_id = await own_id(api, token), await own_id(api, admin)
    own = await request(api, token)
    ordered = (await api.post(f"/users/{asked_for}/erasure", {"reason": "ordered"}, token=admin)).json()["data"]
    async with database.read() as connection:
        kept = (await connection.execute(text("SELECT * FROM erasures"))).mappings().all()
    fresh: dict[str, Any] = {"status": "requested", "answers": {}, "restricted_until": None, "erased_at": None, "receipt": None}
    times = {"requested_at": clock.now(), "asked_at": clock.now()}
    assert {str(row["user_id"]): dict(row) for row in kept} == {
        user_id: {"id": UUID(erasure["id"]), "user_id": UUID(user_id), "requested_by": by, "reason": reason, **times, **fresh}
        for user_id, erasure, by, reason in ((asking, own, asking, "asked"), (asked_for, ordered, admin_id, "ordered"))
    }
