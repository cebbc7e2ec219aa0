"""Who reads the audit log is in it: one entry a request, written before the answer."""

import json
from typing import Any, Final

import pytest

from chassis import outbox
from compliance.domain.entry import Actor
from elcorp.compliance.v1.events_pb2 import AuditFactsRecorded
from kernel.errors import Unavailable
from kernel.ids import new_id
from services.compliance.tests.contract.api import Api
from services.compliance.tests.fakes import entry, service, user
from services.compliance.tests.stored import published

WHY: Final = "complaint 4711"


async def person(api: Api) -> Actor:
    """Let somebody be registered, and pay; return them."""
    somebody = user()
    await api.log(
        entry(producer="identity", resource_type="user", resource_id=somebody.subject_id, actor=service("identity")),
        entry(actor=somebody, resource_id="transfer-of-rent", related_ids=("wallet-of-rent",)),
    )
    return somebody


async def facts(api: Api) -> list[dict[str, Any]]:
    """Return what reads have left on record, so far."""
    found = [message for _, message in await published(api.database) if isinstance(message, AuditFactsRecorded)]
    return [
        {
            "action": fact.action,
            "by": fact.actor.subject_id,
            "resource": (fact.resource_type, fact.resource_id),
            "after": json.loads(fact.after) if fact.HasField("after") else None,
            "reason": fact.reason if fact.HasField("reason") else None,
            "related": list(fact.related_ids),
        }
        for message in found
        for fact in message.facts
    ]


def read(api: Api, action: str, about: str | None, *related: str, **rest: Any) -> dict[str, Any]:
    resource = ("read", f"read/{about}" if about else "read")
    fact = {"action": action, "by": str(api.user_id), "resource": resource, "related": list(related)}
    return {**fact, "after": None, "reason": None, **rest}


async def test_a_trail_that_is_read_is_one_entry_and_a_person_s_takes_a_reason(api: Api) -> None:
    whose = (await person(api)).subject_id
    assert await api.refused("GET", f"/audit/trails/{whose}") == (422, "VAL_001")
    assert await facts(api) == []
    await api.get(f"/audit/trails/{whose}", reason=WHY)
    await api.get("/audit/trails/transfer-of-rent")
    assert await facts(api) == [
        read(api, "compliance.trail.read", whose, whose, reason=WHY),
        read(api, "compliance.trail.read", "transfer-of-rent", "transfer-of-rent"),
    ]


@pytest.mark.parametrize("name", ["actor_id", "resource_id", "related_to"])
async def test_a_search_by_another_person_takes_a_reason(api: Api, name: str) -> None:
    whose = (await person(api)).subject_id
    assert await api.refused("GET", f"/audit/entries?{name}={whose}") == (422, "VAL_001")
    shown = len((await api.get("/audit/entries", **{name: whose}, reason=WHY))["items"])
    assert shown
    after = {"filters": {name: whose}, "shown": shown}
    assert await facts(api) == [read(api, "compliance.entry.search", None, whose, after=after, reason=WHY)]


async def test_other_searches_take_none_and_are_entries_too(api: Api) -> None:
    await person(api)
    await api.get("/audit/entries")
    await api.get("/audit/entries", action="payments.transfer.settle", related_to="wallet-of-rent")
    await api.get("/audit/entries", resource_id="+264 81 123 4567")
    filters = {"action": "payments.transfer.settle", "related_to": "given"}
    assert [fact["after"] for fact in await facts(api)] == [
        {"shown": 2},
        {"filters": filters, "shown": 1},
        # What may be personal is in the log under no key.
        {"filters": {"resource_id": "given"}, "shown": 0},
    ]
    assert "4567" not in str(await facts(api))


async def test_an_entry_and_its_proof_that_are_read_are_entries(api: Api) -> None:
    whose = (await person(api)).subject_id
    fact_id = (await api.get("/audit/entries/1"))["fact_id"]
    await api.get("/audit/entries/1/proof")
    assert await facts(api) == [
        read(api, "compliance.entry.read", fact_id, fact_id, whose),
        read(api, "compliance.entry.read_proof", fact_id, fact_id, whose),
    ]


async def test_what_one_did_oneself_is_read_without_an_entry(api: Api) -> None:
    own = str(api.user_id)
    await api.log(entry(producer="identity", resource_type="user", resource_id=own, actor=user(own)), entry(actor=user(own)))
    for path in (f"/audit/trails/{own}", f"/audit/entries?actor_id={own}", "/audit/entries/0", "/audit/entries/1/proof"):
        assert (await api.call("GET", path)).status_code == 200
    assert await facts(api) == []


async def test_what_cannot_be_recorded_is_not_shown(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    whose = (await person(api)).subject_id

    def unwritable(_messages: object) -> object:
        raise Unavailable(dependency="outbox")

    monkeypatch.setattr(outbox, "insert", unwritable)
    paths = (f"/audit/trails/{whose}?reason=Because", "/audit/trails/transfer-of-rent", "/audit/entries", "/audit/entries/1")
    for path in (*paths, "/audit/entries/1/proof"):
        assert await api.refused("GET", path) == (503, "SRV_002"), path


async def test_reads_are_in_the_trail_of_what_was_read_and_hide_none_of_its_changes(api: Api) -> None:
    thing, reader = str(new_id()), user()
    reads = [
        entry(
            resource_type="read", resource_id=f"read/{thing}", actor=reader, action="payments.wallet.read", related_ids=(thing,)
        )
        for _ in range(101)
    ]
    await api.log(entry(resource_type="wallet", resource_id=thing, actor=service()), *reads)
    trail = await api.get(f"/audit/trails/{thing}")
    assert [item["resource_type"] for item in trail["items"]] == ["wallet"] + ["read"] * 100
    assert not trail["is_complete"]
    first = await api.compliance.find_first_entry(thing)
    assert first.entry.resource_type == "wallet"
