"""Each request that reads the audit log is recorded by one entry, before the response."""

import importlib
import json
from typing import Any, Final
from uuid import UUID

import httpx
import pytest

from chassis.persistence import outbox
from chassis.testing.declared_reads import DeclaredReads, Person
from compliance.domain.entry import Actor
from compliance.interfaces.publications import PUBLICATIONS
from compliance.interfaces.rest import ROUTERS
from elcorp.compliance.v1.events_pb2 import AuditFactsRecorded
from kernel.errors import Unavailable
from kernel.ids import new_id
from kernel.reads import OWNERS_MAX
from services.compliance.tests.contract.api import Api
from services.compliance.tests.entries import entry, service, user
from services.compliance.tests.stored import published

WHY: Final = "complaint 4711"
WALLET, PAYEES = str(new_id()), str(new_id())
PATHS: Final = {
    "list_audit_entries": "/audit/entries?related_to={wallet}",
    "export_audit_entries": "/audit/entries/export?related_to={wallet}",
    "get_audit_entry": "/audit/entries/1",
    "get_inclusion_proof": "/audit/entries/1/proof",
    "get_audit_trail": "/audit/trails/{person}",
    "get_checkpoint": "/audit/checkpoint",
    "get_consistency_proof": "/audit/consistency?from=3&to=3",
    "get_log_key": "/audit/key",
    "list_audit_producers": "/audit/producers",
    "list_missing_facts": "/audit/missing-facts",
    "list_policy_decisions": "/audit/decisions?principal_id={person}",
    "list_screening_blocks": "/screening/blocks",
}


async def person(api: Api) -> Actor:
    """Log the registration and a payment of a user, and return the user."""
    somebody = user()
    await api.log(
        entry(producer="identity", resource_type="user", resource_id=somebody.subject_id, actor=service("identity")),
        entry(actor=service(), resource_type="wallet", resource_id=WALLET, related_ids=(somebody.subject_id,)),
        entry(actor=somebody, resource_id="transfer-of-rent", related_ids=(WALLET,)),
    )
    return somebody


async def facts(api: Api) -> list[dict[str, Any]]:
    """Return the recorded facts of reads so far."""
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


async def test_every_operation_records_the_reads_that_it_declares(api: Api) -> None:
    whose = (await person(api)).subject_id
    await api.block(UUID(whose))

    async def ask(method: str, path: str) -> httpx.Response:
        return await api.call(method, path)

    paths = {name: path.format(person=whose, wallet=WALLET) for name, path in PATHS.items()}
    reads = DeclaredReads(ask, api.database, PUBLICATIONS, paths)
    assert await reads.misdeclared(ROUTERS, Person(whose, {whose, WALLET})) == []


@pytest.mark.parametrize("name", ["actor_id", "resource_id", "related_to"])
async def test_a_search_about_another_user_requires_a_reason(api: Api, name: str) -> None:
    whose = (await person(api)).subject_id
    assert await api.refused("GET", f"/audit/entries?{name}={whose}") == (422, "VAL_001")
    shown = len((await api.get("/audit/entries", **{name: whose}, reason=WHY))["items"])
    assert shown
    after = {"filters": {name: whose}, "shown": shown}
    assert await facts(api) == [read(api, "compliance.entry.search", None, whose, after=after, reason=WHY)]


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"action": "payments.transfer.settle"},
        {"producer": "payments"},
        {"resource_type": "transfer"},
        {"related_to": WALLET},
        {"related_to": "session"},
        {"actor_id": "session"},
        {"resource_id": "transfer-of-rent", "related_to": WALLET},
        {"from": "2026-01-01T00:00:00Z"},
    ],
    ids=lambda filters: "-".join(filters) or "everything",
)
async def test_a_search_that_can_show_users_requires_a_reason_and_records_them(api: Api, filters: dict[str, str]) -> None:
    somebody = await person(api)
    filters = {name: somebody.session_id if value == "session" else value for name, value in filters.items()}
    assert await api.refused("GET", "/audit/entries", params=filters) == (422, "VAL_001")
    shown = len((await api.get("/audit/entries", **filters, reason=WHY))["items"])
    [fact] = await facts(api)
    assert (fact["action"], fact["reason"], fact["after"]["shown"]) == ("compliance.entry.search", WHY, shown)
    assert (somebody.subject_id in fact["related"]) == bool(shown)


async def test_listing_one_resource_needs_no_reason_and_records_its_users(api: Api) -> None:
    whose = (await person(api)).subject_id
    await api.get("/audit/entries", resource_id="transfer-of-rent", action="payments.transfer.settle")
    await api.get("/audit/entries", resource_id=WALLET)
    for personal in ("+264 81 123 4567", "ndapewa"):
        await api.get("/audit/entries", resource_id=personal)
    settled = {"resource_id": "given", "action": "payments.transfer.settle"}
    assert [(fact["after"], fact["related"]) for fact in await facts(api)] == [
        ({"filters": settled, "shown": 1}, [whose]),
        ({"filters": {"resource_id": WALLET}, "shown": 1}, [WALLET, whose]),
        # Possibly personal values appear nowhere in the log.
        *[({"filters": {"resource_id": "given"}, "shown": 0}, [])] * 2,
    ]


async def test_reads_about_a_user_are_about_that_user_too(api: Api) -> None:
    whose, reader = (await person(api)).subject_id, user()
    await api.log(
        entry(producer="identity", resource_type="user", resource_id=reader.subject_id, actor=service("identity")),
        entry(resource_type="read", resource_id=f"read/{whose}", actor=reader, action="identity.user.read"),
    )
    assert await api.refused("GET", "/audit/entries", params={"resource_id": f"read/{whose}"}) == (422, "VAL_001")
    await api.get("/audit/entries", resource_id=f"read/{whose}", reason=WHY)
    assert [fact["related"] for fact in await facts(api)] == [sorted([whose, reader.subject_id])]


async def test_searches_by_other_users_are_about_people(api: Api) -> None:
    whose, reader = (await person(api)).subject_id, user()
    await api.log(entry(resource_type="read", resource_id="read", actor=reader, related_ids=(whose,)))
    for path in ("/audit/entries?resource_id=read", "/audit/trails/read"):
        assert await api.refused("GET", path) == (422, "VAL_001")
    await api.get("/audit/entries", resource_id="read", reason=WHY)
    await api.get("/audit/trails/read", reason=WHY)
    people = sorted([whose, reader.subject_id])
    assert [(fact["related"], fact["reason"]) for fact in await facts(api)] == [(people, WHY), (["read", *people], WHY)]


async def test_a_read_of_a_trail_records_its_users_but_not_its_reader(api: Api) -> None:
    payer, payee, decider = (await person(api)).subject_id, user(), user(str(api.user_id))
    for each in (payee, decider):
        await api.log(entry(producer="identity", resource_type="user", resource_id=each.subject_id, actor=service("identity")))
    await api.log(
        entry(actor=decider, resource_id="transfer-of-rent", action="payments.transfer.approve"),
        entry(actor=service(), resource_type="wallet", resource_id=PAYEES, related_ids=(payee.subject_id,)),
        entry(actor=service(), resource_id="transfer-of-rent", related_ids=(WALLET, PAYEES, str(new_id()))),
    )
    items = (await api.get("/audit/trails/transfer-of-rent", reason=WHY))["items"]
    assert payee.subject_id in items[-2]["related_ids"]
    [fact] = await facts(api)
    assert fact["related"] == ["transfer-of-rent", *sorted([payer, payee.subject_id])]


async def test_more_users_than_one_entry_can_name_are_all_found(api: Api) -> None:
    people = [user() for _ in range(OWNERS_MAX + 1)]
    await api.log(
        *(entry(producer="identity", resource_type="user", resource_id=each.subject_id, actor=service()) for each in people),
        *(entry(actor=each, resource_id="till") for each in people),
    )
    await api.get("/audit/trails/till", reason=WHY)
    found = await facts(api)
    assert [fact["related"][0] for fact in found] == ["till", "till"]
    assert sorted(named for fact in found for named in fact["related"][1:]) == sorted(each.subject_id for each in people)


async def test_listing_blocks_requires_a_reason_and_records_the_listed_subjects(api: Api) -> None:
    first, second = new_id(), new_id()
    await api.block(first)
    block = (await api.block(second)).json()["data"]
    await api.call("DELETE", f"/screening/blocks/{block['id']}")
    for params in ({}, {"standing": True}, {"reason": "no"}):
        assert await api.refused("GET", "/screening/blocks", params=params) == (422, "VAL_001")
    await api.get("/screening/blocks", standing=True, reason=WHY)
    await api.get("/screening/blocks", reason=WHY)
    *_, standing, everything = await facts(api)
    assert standing == read(
        api,
        "compliance.screening_block.search",
        None,
        str(first),
        after={"filters": {"standing": True}, "shown": 1},
        reason=WHY,
    )
    assert (set(everything["related"]), everything["after"]) == ({str(first), str(second)}, {"shown": 2})


async def test_reading_an_entry_or_its_proof_is_recorded(api: Api) -> None:
    whose = (await person(api)).subject_id
    fact_id = (await api.get("/audit/entries/1"))["fact_id"]
    await api.get("/audit/entries/1/proof")
    assert await facts(api) == [
        read(api, "compliance.entry.read", fact_id, fact_id, whose),
        read(api, "compliance.entry.read_proof", fact_id, fact_id, whose),
    ]


async def test_an_export_requires_a_reason_and_each_of_its_batches_is_recorded(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("compliance.interfaces.rest.audit"), "_ENTRIES_A_READ", 2)
    whose = (await person(api)).subject_id
    assert await api.refused("GET", "/audit/entries/export") == (422, "VAL_001")
    assert (await api.call("GET", "/audit/entries/export", params={"producer": "payments", "reason": WHY})).status_code == 200
    assert (await api.call("GET", "/audit/entries/export", params={"reason": WHY})).status_code == 200
    of_payments, *of_all = await facts(api)
    about = {"filters": {"producer": "payments"}, "shown": 2}
    assert of_payments == read(api, "compliance.entry.export", None, whose, after=about, reason=WHY)
    assert [fact["after"]["shown"] for fact in of_all] == [2, 1]


async def test_reading_own_acts_is_not_recorded(api: Api) -> None:
    own = str(api.user_id)
    await api.log(entry(producer="identity", resource_type="user", resource_id=own, actor=user(own)), entry(actor=user(own)))
    for path in (
        f"/audit/trails/{own}",
        f"/audit/entries?actor_id={own}",
        f"/audit/entries/export?actor_id={own}",
        "/audit/entries/0",
        "/audit/entries/1/proof",
    ):
        assert (await api.call("GET", path)).status_code == 200
    assert await facts(api) == []


async def test_data_is_not_shown_if_the_read_cannot_be_recorded(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    whose = (await person(api)).subject_id

    def unwritable(_messages: object) -> object:
        raise Unavailable(dependency="outbox")

    monkeypatch.setattr(outbox, "insert", unwritable)
    trails = (f"/audit/trails/{whose}?reason=Because", "/audit/trails/transfer-of-rent?reason=Because")
    lists = [
        f"/{path}?reason=Because" for path in ("audit/entries", "audit/entries/export", "audit/decisions", "screening/blocks")
    ]
    for path in (*trails, *lists, "/audit/entries/1", "/audit/entries/1/proof"):
        assert await api.refused("GET", path) == (503, "SRV_002"), path


async def test_a_trail_contains_reads_and_they_hide_no_changes(api: Api) -> None:
    thing, reader = str(new_id()), user()
    reads = [
        entry(
            resource_type="read", resource_id=f"read/{thing}", actor=reader, action="payments.wallet.read", related_ids=(thing,)
        )
        for _ in range(101)
    ]
    await api.log(entry(resource_type="wallet", resource_id=thing, actor=service()), *reads)
    trail = await api.get(f"/audit/trails/{thing}", reason=WHY)
    assert [item["resource_type"] for item in trail["items"]] == ["wallet"] + ["read"] * 100
    assert not trail["is_complete"]
    first = await api.compliance.audit.get_first_entry(resource_id=thing)
    assert first.entry.resource_type == "wallet"
