"""Screening blocks over REST, and their effect on transfers."""

import asyncio

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.testing.clocks import ControlledClock
from chassis.testing.stored import everything
from compliance.infrastructure.sql.screening import SqlBlockList
from elcorp.compliance.v1 import events_pb2
from kernel.ids import new_id
from services.compliance.tests.contract.api import Api
from services.compliance.tests.stored import published


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/screening/blocks"),
        ("POST", "/screening/blocks"),
        ("DELETE", "/screening/blocks/0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10"),
    ],
)
async def test_only_policy_managers_list_or_change_blocks(api: Api, method: str, path: str) -> None:
    for roles, status in (((), 401), (("user",), 403), (("auditor",), 403)):
        assert (await api.call(method, path, roles=roles)).status_code == status


@pytest.mark.parametrize(("roles", "expected"), [((), (401, "AUTH_004")), (("auditor", "user"), (403, "ACC_001"))])
async def test_a_valid_request_without_permission_changes_nothing(
    api: Api, roles: tuple[str, ...], expected: tuple[int, str]
) -> None:
    body = {"subject_id": str(new_id()), "reason": "sanctions match"}
    block_id = (await api.block(new_id())).json()["data"]["id"]

    assert await api.refused("POST", "/screening/blocks", roles=roles, json=body) == expected
    assert await api.refused("DELETE", f"/screening/blocks/{block_id}", roles=roles) == expected


async def test_a_block_is_active_until_it_is_lifted(api: Api) -> None:
    subject = new_id()

    placed = await api.block(subject)
    block = placed.json()["data"]
    assert await SqlBlockList(api.database).in_force({subject}) == {subject: "sanctions match, case 2026-114"}
    lifted = await api.call("DELETE", f"/screening/blocks/{block['id']}")

    assert placed.status_code == 201
    assert (block["subject_id"], block["created_by"], block["lifted_at"]) == (str(subject), str(api.user_id), None)
    assert (lifted.status_code, lifted.json()["data"]["lifted_by"]) == (200, str(api.user_id))
    assert await SqlBlockList(api.database).in_force({subject}) == {}
    assert await api.refused("DELETE", f"/screening/blocks/{block['id']}") == (409, "CMP_001")
    assert (await api.block(subject)).status_code == 201


async def test_a_block_shows_who_placed_and_who_lifted_it(api: Api, clock: ControlledClock) -> None:
    subject, placed_by, lifted_by = new_id(), api.user_id, new_id()
    placed = (await api.block(subject)).json()["data"]
    clock.advance(seconds=60)
    lifted_at = clock.now()
    api.user_id = lifted_by

    lifted = (await api.call("DELETE", f"/screening/blocks/{placed['id']}")).json()["data"]

    assert placed["created_by"] == str(placed_by)
    assert lifted == {**placed, "lifted_by": str(lifted_by), "lifted_at": lifted_at.isoformat().replace("+00:00", "Z")}
    assert (await api.get("/screening/blocks", reason="audit"))["items"] == [lifted]


async def test_a_subject_is_blocked_once(api: Api) -> None:
    subject = new_id()
    block_id = (await api.block(subject)).json()["data"]["id"]

    again = {"subject_id": str(subject), "reason": "another reason"}
    assert await api.refused("POST", "/screening/blocks", json=again) == (409, "RES_002")

    assert (await api.get("/screening/blocks", reason="audit"))["items"][0]["id"] == block_id


async def test_of_concurrently_placed_blocks_one_is_kept(api: Api) -> None:
    subject = new_id()

    answers = await asyncio.gather(*(api.block(subject) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert len(await published(api.database)) == 1
    assert (await api.get("/screening/blocks", reason="audit"))["total"] == 1


async def test_a_block_lifted_concurrently_is_lifted_once(api: Api) -> None:
    block_id = (await api.block(new_id())).json()["data"]["id"]

    answers = await asyncio.gather(*(api.call("DELETE", f"/screening/blocks/{block_id}") for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert len(await published(api.database)) == 2


async def test_an_idempotency_key_replays_the_first_answer(api: Api) -> None:
    body, key = {"subject_id": str(new_id()), "reason": "court order 7/2026"}, {"Idempotency-Key": "block-1"}

    first = await api.call("POST", "/screening/blocks", json=body, headers=key)
    after_first = await everything(api.database)
    replay = await api.call("POST", "/screening/blocks", json=body, headers=key)

    assert await everything(api.database) == after_first
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
        {"reason": "a\u202ebc"},
        {"reason": "  \u00a0 "},
        {"reason": None},
        {"until": "tomorrow"},
    ],
)
async def test_an_invalid_block_writes_nothing(api: Api, change: dict[str, object]) -> None:
    body = {"subject_id": str(new_id()), "reason": "sanctions match", **change}

    assert await api.refused("POST", "/screening/blocks", json=body) == (422, "VAL_001")


async def test_an_unknown_block_cannot_be_lifted(api: Api) -> None:
    await api.block(new_id())

    assert await api.refused("DELETE", f"/screening/blocks/{new_id()}") == (404, "RES_001")
    assert await api.refused("DELETE", "/screening/blocks/7") == (422, "VAL_001")


async def test_blocks_are_listed_newest_first_with_any_filter(api: Api, clock: ControlledClock) -> None:
    ids: list[str] = []
    for _ in range(4):
        ids.insert(0, (await api.block(new_id())).json()["data"]["id"])
        clock.advance(seconds=1)
    await api.call("DELETE", f"/screening/blocks/{ids[0]}")
    clock.advance(seconds=1)
    await api.call("DELETE", f"/screening/blocks/{ids[2]}")

    async def pages(**wanted: object) -> list[str]:
        found = [await api.get("/screening/blocks", reason="audit", per_page=1, page=page, **wanted) for page in range(1, 5)]
        return [item["id"] for page in found for item in page["items"]]

    assert await pages() == ids
    assert await pages(standing=True) == [ids[1], ids[3]]
    assert await pages(standing=False) == [ids[0], ids[2]]


async def test_blocks_are_filtered_by_whether_they_are_active(api: Api) -> None:
    ids = [(await api.block(new_id())).json()["data"]["id"] for _ in range(3)]
    await api.call("DELETE", f"/screening/blocks/{ids[1]}")

    everything = await api.get("/screening/blocks", reason="audit")
    standing = await api.get("/screening/blocks", reason="audit", standing=True, per_page=1)
    lifted = await api.get("/screening/blocks", reason="audit", standing=False)

    assert {item["id"] for item in everything["items"]} == set(ids)
    assert (standing["total"], len(standing["items"])) == (2, 1)
    assert [item["id"] for item in lifted["items"]] == [ids[1]]


async def test_a_page_past_the_end_still_shows_the_total(api: Api) -> None:
    await api.block(new_id())

    page = await api.get("/screening/blocks", reason="audit", page=5)

    assert (page["items"], page["total"]) == ([], 1)


async def test_placing_and_lifting_are_audited(api: Api, clock: ControlledClock) -> None:
    subject, session = new_id(), new_id()
    headers = api.forge.headers(api.user_id, roles=("admin",), session_id=session, methods=("pwd", "otp"))
    headers |= {"User-Agent": "Browser/1", "X-Request-Id": "request-7"}
    body = {"subject_id": str(subject), "reason": "sanctions match"}
    placed_at, signed_in_at = Timestamp(), Timestamp()
    signed_in_at.FromDatetime(clock.now())
    clock.advance(seconds=60)
    placed_at.FromDatetime(clock.now())
    block_id = (await api.call("POST", "/screening/blocks", json=body, headers=headers)).json()["data"]["id"]
    clock.advance(seconds=60)
    lifted_at = Timestamp()
    lifted_at.FromDatetime(clock.now())
    await api.call("DELETE", f"/screening/blocks/{block_id}", headers=headers)

    actor = events_pb2.AuditActor(
        kind="user",
        subject_id=str(api.user_id),
        session_id=str(session),
        device_id="device-1",
        ip="127.0.0.1",
        user_agent="Browser/1",
        request_id="request-7",
        authenticated_at=signed_in_at,
        methods=["pwd", "otp"],
    )
    standing, lifted = (f'{{"standing":{each},"subject_id":"{subject}"}}' for each in ("true", "false"))
    common = {"producer": "compliance", "actor": actor, "resource_type": "screening_block", "resource_id": block_id}
    place = events_pb2.AuditFact(
        action="compliance.screening_block.place",
        occurred_at=placed_at,
        after=standing,
        reason="sanctions match",
        related_ids=[str(subject)],
        **common,
    )
    lift = events_pb2.AuditFact(
        action="compliance.screening_block.lift",
        occurred_at=lifted_at,
        before=standing,
        after=lifted,
        related_ids=[str(subject)],
        **common,
    )
    assert await published(api.database) == [(None, events_pb2.AuditFactsRecorded(facts=[each])) for each in (place, lift)]
