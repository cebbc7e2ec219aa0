"""The audit log over REST."""

import base64
import csv
import importlib
import io
from datetime import timedelta
from typing import Any

import openpyxl
import pytest

from compliance.application.audit import export_audit_entries, get_audit_trail
from compliance.domain.entry import Actor
from compliance.verifier import verify_bundle, verify_consistency
from kernel.ids import new_id
from services.compliance.tests.contract.api import Api
from services.compliance.tests.entries import AT, entries, entry, service, user
from services.compliance.tests.fakes.log_signer import ORIGIN


@pytest.mark.parametrize(
    "path",
    [
        "/audit/entries?reason=audit",
        "/audit/entries/export?reason=audit",
        "/audit/entries/0",
        "/audit/entries/0/proof",
        "/audit/trails/x",
        "/audit/checkpoint",
        "/audit/consistency?from=1&to=2",
    ],
)
async def test_only_auditors_read_the_log(api: Api, path: str) -> None:
    nobody, customer = await api.call("GET", path, roles=()), await api.call("GET", path, roles=("user",))

    assert (nobody.status_code, customer.status_code, customer.json()["code"]) == (401, 403, "ACC_001")
    assert (await api.call("GET", path, roles=("auditor",))).status_code in {200, 404}


async def test_an_export_has_every_entry_that_matches(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("compliance.interfaces.rest.audit"), "_ENTRIES_A_READ", 2)
    await api.log(*entries(5), entry(producer="identity"))

    answer = await api.call("GET", "/audit/entries/export", params={"producer": "payments", "reason": "audit of March"})

    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="audit-entries.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["sequence"] for row in rows] == ["4", "3", "2", "1", "0"]


async def test_an_exported_entry_shows_what_the_entry_does_and_is_no_formula(api: Api) -> None:
    hostile = "=HYPERLINK(1)"
    fact = entry(
        actor=user(user_agent=hostile, authenticated_at=AT, methods=("pwd", "otp")), reason=hostile, related_ids=("a", "b")
    )
    await api.log(fact)
    shown = await api.get("/audit/entries/0")

    [of_csv] = csv.DictReader(io.StringIO((await api.call("GET", "/audit/entries/export?reason=audit")).text, newline=""))
    xlsx = await api.call("GET", "/audit/entries/export?reason=audit&format=xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx.content)).active

    assert {name: of_csv[name] for name in shown.keys() & of_csv.keys() - {"leaf_hash"}} == {
        "sequence": "0",
        **{name: shown[name] for name in ("fact_id", "producer", "action", "resource_type", "resource_id", "occurred_at")},
        "organization_id": "",
        "before": "",
        "after": fact.after,
        "reason": f"'{hostile}",
        "related_ids": "a b",
    }
    assert (of_csv["actor_subject_id"], of_csv["actor_methods"]) == (fact.actor.subject_id, "pwd otp")
    assert bytes.fromhex(of_csv["leaf_hash"]) == base64.b64decode(shown["leaf_hash"])
    assert sheet is not None
    header, row = ([cell.value for cell in cells] for cells in sheet.iter_rows())
    assert header == list(of_csv)
    assert [cell.data_type for cell in sheet[2] if cell.value == hostile] == ["s", "s"]
    assert row[0] == 0


async def test_an_export_of_more_entries_than_it_may_have_is_refused_before_it_begins(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_audit_entries, "ENTRIES_MAX", 3)
    await api.log(*entries(4), entry(resource_id="till", related_ids=("till",)))

    assert await api.refused("GET", "/audit/entries/export?reason=audit") == (422, "VAL_001")
    assert (await api.call("GET", "/audit/entries/export?reason=audit&related_to=till")).status_code == 200


async def test_the_log_key_is_public(api: Api) -> None:
    response = await api.call("GET", "/audit/key", roles=())

    assert response.json()["data"] == {"origin": ORIGIN, "key": api.key}


async def test_an_entry_shows_who_what_when_from_where_and_why(api: Api) -> None:
    fact = entry(
        actor=user(device_id="phone", user_agent="Browser", request_id="r-1", authenticated_at=AT, methods=("pwd", "otp")),
        before='{"balance":"1000.00"}',
        after='{"balance":"750.00"}',
        reason="rent",
        related_ids=("wallet-1",),
        organization_id=new_id(),
    )
    await api.log(fact)

    data = await api.get("/audit/entries/0")

    leaf_hash = data.pop("leaf_hash")
    assert data == {
        "sequence": 0,
        "fact_id": str(fact.fact_id),
        "producer": "payments",
        "action": "payments.transfer.settle",
        "actor": {
            "kind": "user",
            "subject_id": fact.actor.subject_id,
            "session_id": fact.actor.session_id,
            "device_id": "phone",
            "ip": "41.182.3.4",
            "user_agent": "Browser",
            "request_id": "r-1",
            "authenticated_at": "2026-03-21T08:00:00.123456Z",
            "methods": ["pwd", "otp"],
        },
        "organization_id": str(fact.organization_id),
        "resource_type": "transfer",
        "resource_id": fact.resource_id,
        "occurred_at": "2026-03-21T08:00:00.123456Z",
        "before": {"balance": "1000.00"},
        "after": {"balance": "750.00"},
        "reason": "rent",
        "related_ids": ["wallet-1"],
    }
    assert len(leaf_hash) == 44
    assert (await api.get(f"/audit/entries/{fact.fact_id}"))["sequence"] == 0


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("not JSON at all", "not JSON at all"),
        ('{"amount":NaN}', '{"amount":NaN}'),
        ('"\\ud800"', '"\\ud800"'),
        ("[" * 200 + "]" * 200, "[" * 200 + "]" * 200),
        ("[" * 600 + "]" * 600, "[" * 600 + "]" * 600),
        ("[" * 5000 + "]" * 5000, "[" * 5000 + "]" * 5000),
        ("", None),
        ("7", 7),
        ('{"a":"\\u0000"}', {"a": "\0"}),
    ],
    ids=["text", "nan", "surrogate", "deep", "deeper", "deepest", "empty", "number", "nul"],
)
async def test_any_state_that_a_producer_wrote_is_shown(api: Api, state: str, shown: object) -> None:
    """An entry that cannot be rendered would make its whole page of the log unreadable."""
    await api.log(entry(after=state))

    (item,) = (await api.get("/audit/entries", reason="audit"))["items"]

    assert item["after"] == shown


async def test_the_log_is_paged_in_both_directions(api: Api) -> None:
    await api.log(*entries(25))

    async def walk(sort: str) -> list[int]:
        seen: list[int] = []
        cursor: dict[str, Any] = {}
        while True:
            page = await api.get("/audit/entries", sort=sort, limit=10, reason="audit", **cursor)
            seen += [item["sequence"] for item in page["items"]]
            if page["next_cursor"] is None:
                return seen
            cursor = {"cursor": page["next_cursor"]}

    assert await walk("sequence") == list(range(25))
    assert await walk("-sequence") == list(range(24, -1, -1))


async def test_the_next_page_is_linked_with_its_filters(api: Api) -> None:
    await api.log(*entries(3))

    response = await api.call("GET", "/audit/entries", params={"limit": 2, "producer": "payments", "reason": "audit"})

    following = response.links["next"]["url"]
    assert "producer=payments" in following
    followed = await api.client.get(following, headers=api.forge.headers(roles=("auditor",)))
    assert [item["sequence"] for item in followed.json()["data"]["items"]] == [0]


async def test_entries_match_all_given_filters(api: Api) -> None:
    alice, bob = user(), user()
    await api.log(
        entry(actor=alice, related_ids=("wallet-a",)),
        entry(actor=bob, resource_id="t-1", occurred_at=AT + timedelta(hours=1)),
        entry(actor=service("identity"), producer="identity", action="identity.user.register", resource_type="user"),
    )

    async def found(**filters: Any) -> list[int]:
        page = await api.get("/audit/entries", sort="sequence", reason="audit", **filters)
        return [item["sequence"] for item in page["items"]]

    assert await found(actor_id=alice.subject_id) == [0]
    assert await found(resource_id="t-1") == [1]
    assert await found(resource_type="transfer") == [0, 1]
    assert await found(action="identity.user.register") == [2]
    assert await found(producer="identity") == [2]
    assert await found(related_to="wallet-a") == await found(related_to=alice.session_id) == [0]
    assert await found(related_to="t-1") == await found(related_to=bob.subject_id) == [1]
    later = (AT + timedelta(minutes=30)).isoformat()
    assert (await found(**{"from": later}), await found(to=later)) == ([1], [0, 2])
    assert await found(actor_id=alice.subject_id, producer="identity") == []


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 0},
        {"limit": 101},
        {"cursor": "x"},
        {"cursor": "-1"},
        {"cursor": str(2**63)},
        {"from": "yesterday"},
        {"from": "2026-03-21T08:00:00"},
        {"actor_id": ""},
        {"actor_id": "x" * 201},
        {"actor_id": "a\0b"},
        {"actor_id": "a\u202eb"},
        {"from": "1767225600"},
        {"to": "2026-03-21"},
        {"sort": "occurred_at"},
        {"page": 2},
    ],
)
async def test_invalid_filters_are_refused(api: Api, params: dict[str, Any]) -> None:
    response = await api.call("GET", "/audit/entries", params={"reason": "audit", **params})

    assert (response.status_code, response.json()["code"]) == (422, "VAL_001")
    assert response.json()["errors"][0]["field"] in params


@pytest.mark.parametrize("edge", ["0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00"])
async def test_extreme_times_cause_no_server_error(api: Api, edge: str) -> None:
    await api.log(*entries(1))

    for name in ("from", "to"):
        assert (await api.call("GET", "/audit/entries", params={name: edge, "reason": "audit"})).status_code in {200, 422}


@pytest.mark.parametrize("place", ["0", str(2**63 - 1), "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"])
async def test_unknown_entries_and_resources_are_not_found(api: Api, place: str) -> None:
    for path in (f"/audit/entries/{place}", f"/audit/entries/{place}/proof", f"/audit/trails/{place}"):
        response = await api.call("GET", path)
        assert (response.status_code, response.json()["code"]) == (404, "RES_001"), path


@pytest.mark.parametrize("place", ["-1", str(2**63), "one", "1.5", "9" * 400])
async def test_an_invalid_sequence_or_id_is_refused(api: Api, place: str) -> None:
    for path in (f"/audit/entries/{place}", f"/audit/entries/{place}/proof"):
        response = await api.call("GET", path)
        assert (response.status_code, response.json()["code"]) == (422, "VAL_001"), path


async def test_a_proof_verifies_offline(api: Api) -> None:
    logged = entries(300)
    await api.log(*logged)

    for place in (0, 255, 256, 299, logged[17].fact_id):
        bundle = await api.get(f"/audit/entries/{place}/proof")
        verified = verify_bundle(bundle, key=api.key)
        assert verified.tree_size == 300
        assert verified.entry == logged[verified.index]


async def test_an_entry_has_a_proof_after_a_checkpoint_covers_it(api: Api) -> None:
    await api.log(*entries(3))
    await api.log(*entries(1), sign=False)

    early = await api.call("GET", "/audit/entries/3/proof")
    await api.sign_checkpoint()
    late = await api.call("GET", "/audit/entries/3/proof")

    assert (early.status_code, early.json()["code"]) == (409, "CMP_002")
    assert verify_bundle(late.json()["data"], key=api.key).index == 3


async def test_a_proof_under_an_older_checkpoint(api: Api) -> None:
    await api.log(*entries(3))
    await api.log(*entries(3))

    bundle = await api.get("/audit/entries/1/proof", tree_size=3)
    uncovered = await api.call("GET", "/audit/entries/4/proof", params={"tree_size": 3})
    unknown = await api.call("GET", "/audit/entries/1/proof", params={"tree_size": 4})

    assert verify_bundle(bundle, key=api.key).tree_size == 3
    assert (uncovered.status_code, uncovered.json()["code"]) == (409, "CMP_002")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "RES_001")


async def test_consistency_proves_that_nothing_was_rewritten(api: Api) -> None:
    await api.log(*entries(3))
    kept = await api.get("/audit/checkpoint")
    await api.log(*entries(300))

    answer = await api.get("/audit/consistency", **{"from": kept["size"], "to": 303})

    first, second = verify_consistency(answer, key=api.key)
    assert (first.size, second.size) == (3, 303)
    assert answer["first"] == kept
    same = await api.get("/audit/consistency", **{"from": 3, "to": 3})
    assert same["proof"] == []
    backwards = await api.get("/audit/consistency", **{"from": 303, "to": 3})
    assert backwards["first"]["size"] == 3


@pytest.mark.parametrize(("first", "second", "status"), [(2, 3, 404), (3, 4, 404), (0, 3, 422), (3, 2**63, 422), ("a", 3, 422)])
async def test_only_signed_sizes_have_a_consistency_proof(api: Api, first: object, second: object, status: int) -> None:
    await api.log(*entries(3))

    response = await api.call("GET", "/audit/consistency", params={"from": first, "to": second})

    assert response.status_code == status


async def test_before_the_first_signature_no_checkpoint_is_found(api: Api) -> None:
    assert (await api.call("GET", "/audit/checkpoint")).json()["code"] == "RES_001"

    await api.log(*entries(2))

    checkpoint = await api.get("/audit/checkpoint")
    assert checkpoint["size"] == 2
    assert checkpoint["note"].startswith(f"{ORIGIN}\n2\n{checkpoint['root_hash']}\n\n\u2014 {ORIGIN} ")


async def test_a_trail_contains_the_transfer_and_its_parties(api: Api) -> None:
    payer = user()
    stranger = user()
    wallet, transfer = str(new_id()), str(new_id())
    anonymous = Actor(kind="anonymous", subject_id="anonymous")
    await api.log(
        entry(producer="identity", resource_type="user", resource_id=payer.subject_id, actor=anonymous),
        entry(producer="identity", resource_type="user", resource_id=stranger.subject_id, actor=anonymous),
        entry(resource_type="wallet", resource_id=wallet, actor=service(), related_ids=(payer.subject_id,)),
        entry(resource_type="wallet", actor=service(), related_ids=(stranger.subject_id,)),
        entry(actor=payer),
        entry(actor=payer, resource_id=transfer, related_ids=(wallet,)),
    )

    trail = await api.get(f"/audit/trails/{transfer}", reason="complaint 4711")

    assert [item["sequence"] for item in trail["items"]] == [0, 2, 5]
    assert trail["is_complete"]
    # A user's own trail names no user who only used the same service.
    mine = await api.get(f"/audit/trails/{payer.subject_id}", reason="complaint 4711")
    assert [item["sequence"] for item in mine["items"]] == [0, 2, 4, 5]


async def test_a_long_history_does_not_hide_the_resource_itself(api: Api) -> None:
    person = user()
    await api.log(
        entry(resource_type="user", resource_id=person.subject_id, actor=service("identity"), producer="identity"),
        *[entry(actor=person) for _ in range(600)],
    )

    trail = await api.get(f"/audit/trails/{person.subject_id}", reason="complaint 4711")

    assert trail["items"][0]["resource_type"] == "user"
    assert not trail["is_complete"]


async def test_a_trail_with_too_many_parties_contains_the_newest(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_audit_trail, "TRAIL_PARTIES_MAX", 1)
    transfer, first, second = str(new_id()), str(new_id()), str(new_id())
    await api.log(
        entry(resource_type="wallet", resource_id=first, actor=service()),
        entry(resource_type="wallet", resource_id=second, actor=service()),
        entry(actor=service(), resource_id=transfer, related_ids=(first,)),
        entry(actor=service(), resource_id=transfer, related_ids=(second,)),
    )

    trail = await api.get(f"/audit/trails/{transfer}", reason="complaint 4711")

    assert [item["sequence"] for item in trail["items"]] == [1, 2, 3]
    assert not trail["is_complete"]
