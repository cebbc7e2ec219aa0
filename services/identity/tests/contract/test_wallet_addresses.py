"""Wallet addresses: checksum, label, look-up and retirement."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from chassis.crypto import UnsealableError
from chassis.persistence.database import Database
from chassis.rpc import RemoteError
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import DatabaseUrls
from elcorp.identity.v1 import events_pb2, identity_pb2
from identity.domain.wallet_address import LIVE_MAX
from kernel.errors import Kind
from kernel.wallet_addresses import address_text
from services.identity.tests.contract.api import Api
from services.identity.tests.contract.outbox import published
from services.identity.tests.contract.peers import Stub
from services.identity.tests.stored import views_of

JOHANNES = {"email": "johannes@example.na", "phone": "+264811234568", "full_name": "Johannes Amupolo"}


async def addresses(api: Api, token: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await api.get("/wallet-addresses", token=token)).json()["data"]["items"]
    return items


async def test_a_further_address_is_issued_and_announced(api: Api, database: Database) -> None:
    token = await api.signed_in()
    answer = await api.post("/wallet-addresses", {"currency": "ELC", "label": "  Rent   2026 "}, token=token)
    assert answer.status_code == 201, answer.text
    issued = answer.json()["data"]
    assert "label" not in issued
    first, second = await addresses(api, token)
    assert (first["currency"], first["label"]) == ("NAD", None)
    assert (second["address"], second["currency"], second["label"]) == (issued["address"], "ELC", "Rent 2026")
    assert second["text"] == address_text(UUID(issued["address"]))
    ((event, _),) = await published(database, events_pb2.WalletAddressIssued)
    assert (event.address, event.currency) == (issued["address"], "ELC")


async def test_issuing_twice_under_one_key_issues_one(api: Api) -> None:
    token = await api.signed_in()
    answers = [await api.post("/wallet-addresses", {"label": "Rent"}, token=token, key="rent-1") for _ in range(2)]
    assert answers[0].json()["data"] == answers[1].json()["data"]
    assert len(await addresses(api, token)) == 2


async def test_a_label_can_be_changed_and_removed(api: Api) -> None:
    token = await api.signed_in()
    (first,) = await addresses(api, token)
    for label in ("Oshana", "Ünïcode ☀", None):
        answer = await api.patch(f"/wallet-addresses/{first['text']}", {"label": label}, token=token)
        assert (answer.status_code, answer.json()["data"]["label"]) == (200, label)
    for bad in ("", "  ", "a\u202eb", "x" * 65):
        assert (await api.patch(f"/wallet-addresses/{first['address']}", {"label": bad}, token=token)).status_code == 422, bad


async def test_other_users_addresses_are_not_found(api: Api) -> None:
    token = await api.signed_in()
    (own,) = await addresses(api, token)
    other = await api.signed_in(**JOHANNES)
    path = f"/wallet-addresses/{own['address']}"
    assert (await api.get(path, token=other)).status_code == 404
    assert (await api.patch(path, {"label": "Mine"}, token=other)).status_code == 404
    assert (await api.delete(path, token=other)).status_code == 404
    assert (await api.get(f"/wallet-addresses/{uuid4()}", token=token)).status_code == 404


async def test_a_payer_sees_only_the_payees_masked_name(api: Api) -> None:
    await api.signed_in(**JOHANNES)
    token = await api.signed_in()
    (own,) = await addresses(api, token)
    for form in (own["address"], own["text"], own["text"].upper()):
        answer = await api.get(f"/wallet-addresses/look-up?address={form}", token=token)
        assert answer.json()["data"] == {"address": own["address"], "text": own["text"], "masked_name": "N••• S•••"}
    mistyped = own["text"][:-1] + ("q" if own["text"][-1] != "q" else "p")
    answer = await api.get(f"/wallet-addresses/look-up?address={mistyped}", token=token)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "address")
    assert (await api.get(f"/wallet-addresses/{mistyped}", token=token)).status_code == 422
    assert (await api.get(f"/wallet-addresses/look-up?address={uuid4()}", token=token)).status_code == 404


async def test_a_retired_address_is_not_offered(api: Api, database: Database, stub: Stub) -> None:
    token = await api.signed_in()
    issued = (await api.post("/wallet-addresses", {}, token=token)).json()["data"]["address"]
    answers = [(await api.delete(f"/wallet-addresses/{issued}", token=token)).json()["data"] for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0]["retired_at"]
    assert (await api.get(f"/wallet-addresses/look-up?address={issued}", token=token)).status_code == 404
    found = await stub.LookUpAddress(identity_pb2.LookUpAddressRequest(address=issued))
    assert (found.active, found.masked_name) == (False, "N••• S•••")
    assert len(await published(database, events_pb2.WalletAddressRetired)) == 1


async def test_a_user_shows_their_oldest_offered_address(api: Api, clock: ControlledClock) -> None:
    token = await api.signed_in()
    for _ in range(2):
        clock.advance(seconds=60)
        await api.post("/wallet-addresses", {}, token=token)
    first, second, third = [each["address"] for each in await addresses(api, token)]
    own_addresses = []
    for retired in (second, first):
        await api.delete(f"/wallet-addresses/{retired}", token=token)
        own_addresses.append((await api.get("/users/me", token=token)).json()["data"]["wallet_address"])
    assert own_addresses == [first, third]


async def test_a_user_keeps_one_address_under_concurrent_retirements(api: Api) -> None:
    token = await api.signed_in()
    await api.post("/wallet-addresses", {}, token=token)
    answers = await asyncio.gather(
        *(api.delete(f"/wallet-addresses/{each['address']}", token=token) for each in await addresses(api, token))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert {answer.json().get("code") for answer in answers} == {None, "IDN_002"}
    me = (await api.get("/users/me", token=token)).json()["data"]["wallet_address"]
    assert [each["address"] for each in await addresses(api, token) if not each["retired_at"]] == [me]


async def test_the_limit_of_addresses_holds_under_concurrency(api: Api) -> None:
    token = await api.signed_in()
    answers = await asyncio.gather(*(api.post("/wallet-addresses", {}, token=token) for _ in range(LIVE_MAX + 4)))
    assert sorted(answer.status_code for answer in answers) == [201] * (LIVE_MAX - 1) + [409] * 5
    assert (await api.post("/wallet-addresses", {"currency": "XXX"}, token=token)).json()["code"] == "PAY_003"


async def test_peers_look_up_either_form(api: Api, stub: Stub) -> None:
    token = await api.signed_in()
    (own,) = await addresses(api, token)
    for form in (own["address"], own["text"]):
        found = await stub.LookUpAddress(identity_pb2.LookUpAddressRequest(address=form))
        assert (found.address, found.text, found.active) == (own["address"], own["text"], True)
    for form, kind in ((str(uuid4()), Kind.NOT_FOUND), (own["text"][:-1] + "b", Kind.INVALID), ("", Kind.INVALID)):
        with pytest.raises(RemoteError) as refused:
            await stub.LookUpAddress(identity_pb2.LookUpAddressRequest(address=form))
        assert refused.value.kind is kind


async def test_a_label_opens_only_at_its_address(api: Api, database: Database, database_urls: DatabaseUrls) -> None:
    token = await api.signed_in()
    issued = (await api.post("/wallet-addresses", {"label": "Rent"}, token=token)).json()["data"]["address"]
    with psycopg.connect(database_urls.owner) as connection:
        assert b"Rent" not in (connection.execute("SELECT label FROM wallet_addresses WHERE label IS NOT NULL").fetchall())[0][0]
        swap = "UPDATE wallet_addresses SET label = (SELECT label FROM wallet_addresses WHERE label IS NOT NULL)"
        connection.execute(swap)
    me = (await api.get("/users/me", token=token)).json()["data"]
    assert (await views_of(database).wallet_addresses.wallet_address(UUID(me["id"]), UUID(issued))).label == "Rent"  # type: ignore[union-attr]
    with pytest.raises(UnsealableError):
        await views_of(database).wallet_addresses.wallet_address(UUID(me["id"]), UUID(me["wallet_address"]))
