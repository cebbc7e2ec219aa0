"""Screening blocks over REST, and what they do to transfers."""

import asyncio

import pytest
from sqlalchemy import text

from chassis.database import Database
from elcorp.compliance.v1 import events_pb2
from kernel.ids import new_id
from services.compliance.tests.contract.api import Api


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/screening/blocks"),
        ("POST", "/screening/blocks"),
        ("DELETE", "/screening/blocks/0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10"),
    ],
)
async def test_only_who_manages_policies_sees_or_changes_blocks(api: Api, method: str, path: str) -> None:
    for roles, status in (((), 401), (("user",), 403), (("auditor",), 403)):
        assert (await api.call(method, path, roles=roles)).status_code == status


async def test_a_block_stands_until_it_is_lifted(api: Api) -> None:
    subject = new_id()

    placed = await api.block(subject)
    block = placed.json()["data"]
    assert await api.compliance.screen_transfers.block_list.standing({subject}) == {subject: "sanctions match, case 2026-114"}
    lifted = await api.call("DELETE", f"/screening/blocks/{block['id']}")

    assert placed.status_code == 201
    assert (block["subject_id"], block["created_by"], block["lifted_at"]) == (str(subject), str(api.user_id), None)
    assert (lifted.status_code, lifted.json()["data"]["lifted_by"]) == (200, str(api.user_id))
    assert await api.compliance.screen_transfers.block_list.standing({subject}) == {}
    again = await api.call("DELETE", f"/screening/blocks/{block['id']}")
    assert (again.status_code, again.json()["code"]) == (409, "CMP_001")
    assert (await api.block(subject)).status_code == 201


async def test_a_subject_is_blocked_once(api: Api) -> None:
    subject = new_id()
    block_id = (await api.block(subject)).json()["data"]["id"]

    again = await api.block(subject, "another reason")

    assert (again.status_code, again.json()["code"]) == (409, "RES_002")
    assert (await api.get("/screening/blocks"))["items"][0]["id"] == block_id


async def test_of_blocks_placed_at_once_one_stands(api: Api) -> None:
    subject = new_id()

    answers = await asyncio.gather(*(api.block(subject) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_a_key_replays_the_first_answer(api: Api) -> None:
    body, key = {"subject_id": str(new_id()), "reason": "court order 7/2026"}, {"Idempotency-Key": "block-1"}

    first = await api.call("POST", "/screening/blocks", json=body, headers=key)
    replay = await api.call("POST", "/screening/blocks", json=body, headers=key)

    assert (first.status_code, replay.status_code) == (201, 201)
    assert replay.content == first.content


@pytest.mark.parametrize(
    "change",
    [
        {"subject_id": "me"},
        {"subject_id": None},
        {"reason": "no"},
        {"reason": "x" * 501},
        {"reason": "a\0bc"},
        {"reason": None},
        {"until": "tomorrow"},
    ],
)
async def test_a_bad_block_writes_nothing(api: Api, change: dict[str, object]) -> None:
    body = {"subject_id": str(new_id()), "reason": "sanctions match", **change}

    response = await api.call("POST", "/screening/blocks", json=body)

    assert (response.status_code, response.json()["code"]) == (422, "VAL_001")
    assert (await api.get("/screening/blocks"))["total"] == 0


async def test_an_unknown_block_cannot_be_lifted(api: Api) -> None:
    unknown = await api.call("DELETE", f"/screening/blocks/{new_id()}")
    garbled = await api.call("DELETE", "/screening/blocks/7")

    assert (unknown.status_code, unknown.json()["code"]) == (404, "RES_001")
    assert (garbled.status_code, garbled.json()["code"]) == (422, "VAL_001")


async def test_blocks_are_listed_by_whether_they_stand(api: Api) -> None:
    ids = [(await api.block(new_id())).json()["data"]["id"] for _ in range(3)]
    await api.call("DELETE", f"/screening/blocks/{ids[1]}")

    everything = await api.get("/screening/blocks")
    standing = await api.get("/screening/blocks", standing=True, per_page=1)
    lifted = await api.get("/screening/blocks", standing=False)

    assert {item["id"] for item in everything["items"]} == set(ids)
    assert (standing["total"], len(standing["items"])) == (2, 1)
    assert [item["id"] for item in lifted["items"]] == [ids[1]]


async def test_a_page_past_the_end_still_tells_the_total(api: Api) -> None:
    await api.block(new_id())

    page = await api.get("/screening/blocks", page=5)

    assert (page["items"], page["total"]) == ([], 1)


async def test_placing_and_lifting_are_audited(api: Api, database: Database) -> None:
    subject = new_id()
    block = (await api.block(subject)).json()["data"]
    await api.call("DELETE", f"/screening/blocks/{block['id']}")

    async with database.read() as connection:
        rows = (await connection.execute(text("SELECT type, payload FROM outbox ORDER BY position"))).all()

    facts = [fact for row in rows for fact in events_pb2.AuditFactsRecorded.FromString(bytes(row.payload)).facts]
    assert [fact.action for fact in facts] == ["compliance.screening_block.place", "compliance.screening_block.lift"]
    assert {(fact.producer, fact.actor.subject_id, fact.resource_id) for fact in facts} == {
        ("compliance", str(api.user_id), block["id"])
    }
    assert all(list(fact.related_ids) == [str(subject)] for fact in facts)
