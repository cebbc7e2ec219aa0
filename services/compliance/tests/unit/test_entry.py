"""Leaves: the same fact always has the same bytes, and every fact of a producer has a leaf."""

import json
from dataclasses import replace
from datetime import UTC
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.domain.entry import LEAF_BYTES_MAX, LEAF_HEADER, Actor, AuditEntry, LoggedEntry, read_leaf
from services.compliance.tests.entries import AT, entry, service, user

KNOWN = AuditEntry(
    fact_id=UUID("01980a52-7c00-7000-8000-000000000001"),
    producer="payments",
    action="payments.transfer.settle",
    actor=Actor(
        kind="user",
        subject_id="01980a52-7c00-7000-8000-000000000002",
        session_id="01980a52-7c00-7000-8000-000000000003",
        device_id="phone",
        ip="41.182.3.4",
        user_agent='Ndapewa\'s "Browser"',
        request_id="r-1",
        authenticated_at=AT,
        methods=("pwd", "otp"),
    ),
    resource_type="transfer",
    resource_id="01980a52-7c00-7000-8000-000000000004",
    occurred_at=AT,
    before=None,
    after='{"amount":"250.00"}',
    reason="miete für märz",
    related_ids=("b", "a"),
)
KNOWN_LEAF = (
    "elcorp.na/audit/v1\n"
    '{"action":"payments.transfer.settle","actor":{"authenticated_at":"2026-03-21T08:00:00.123456+00:00",'
    '"device_id":"phone","ip":"41.182.3.4","kind":"user","methods":["pwd","otp"],"request_id":"r-1",'
    '"session_id":"01980a52-7c00-7000-8000-000000000003","subject_id":"01980a52-7c00-7000-8000-000000000002",'
    '"user_agent":"Ndapewa\'s \\"Browser\\""},"after":"{\\"amount\\":\\"250.00\\"}","before":null,'
    '"fact_id":"01980a52-7c00-7000-8000-000000000001","occurred_at":"2026-03-21T08:00:00.123456+00:00",'
    '"producer":"payments","reason":"miete für märz","related_ids":["b","a"],'
    '"resource_id":"01980a52-7c00-7000-8000-000000000004","resource_type":"transfer"}'
)

texts = st.text(max_size=20) | st.builds(lambda text, times: text * times, st.text(min_size=1, max_size=5), st.integers(1, 2000))
states = st.none() | st.dictionaries(st.text(max_size=9), texts, max_size=8).map(json.dumps)
actors = st.builds(
    Actor,
    kind=st.sampled_from(["user", "service", "anonymous"]),
    subject_id=texts,
    session_id=texts,
    device_id=texts,
    ip=texts,
    user_agent=texts,
    request_id=texts,
    authenticated_at=st.none() | st.just(AT),
    methods=st.lists(texts, max_size=4).map(tuple),
)
facts = st.builds(
    AuditEntry,
    fact_id=st.uuids(),
    producer=texts,
    action=texts,
    actor=actors,
    resource_type=texts,
    resource_id=texts,
    occurred_at=st.datetimes(timezones=st.just(UTC)),  # as every message has it
    before=states,
    after=states,
    reason=st.none() | texts,
    related_ids=st.lists(texts, max_size=12).map(tuple),
)


def test_the_canonical_bytes_never_change() -> None:
    assert KNOWN.leaf().decode() == KNOWN_LEAF


def test_a_leaf_is_read_back_and_hashed_as_rfc_6962_says() -> None:
    logged = LoggedEntry.read(7, KNOWN.leaf())

    assert logged.entry == KNOWN
    assert logged.hash == sha256(b"\0" + KNOWN_LEAF.encode()).digest()


@settings(deadline=None, max_examples=60)
@given(facts)
def test_every_fact_has_a_leaf_with_all_its_content(fact: AuditEntry) -> None:
    clipped = fact.clipped()
    leaf = clipped.leaf()

    assert len(leaf) <= LEAF_BYTES_MAX
    assert read_leaf(leaf) == clipped
    assert read_leaf(leaf).leaf() == leaf
    assert clipped.clipped() == clipped


def test_the_largest_fact_fits() -> None:
    worst = "\0" * 40_000
    texts: dict[str, Any] = dict.fromkeys(
        ("kind", "subject_id", "session_id", "device_id", "ip", "user_agent", "request_id"), worst
    )
    names = dict.fromkeys(("producer", "action", "resource_type", "resource_id", "before", "after", "reason"), worst)
    fact = entry(**names, actor=Actor(**texts, methods=(worst,) * 50), related_ids=(worst,) * 200)

    assert len(fact.clipped().leaf()) <= LEAF_BYTES_MAX


@pytest.mark.parametrize(
    ("field", "bytes_max"),
    [
        ("producer", 1_000),
        ("action", 1_000),
        ("resource_type", 1_000),
        ("resource_id", 1_000),
        ("before", 18_000),
        ("after", 18_000),
        ("reason", 4_000),
        ("related_ids", 1_000),
        ("actor.kind", 1_000),
        ("actor.subject_id", 1_000),
        ("actor.session_id", 1_000),
        ("actor.device_id", 1_000),
        ("actor.ip", 1_000),
        ("actor.user_agent", 1_000),
        ("actor.request_id", 1_000),
        # Including the brackets around all items.
        ("actor.methods", 998),
    ],
)
def test_each_part_is_kept_up_to_its_limit(field: str, bytes_max: int) -> None:
    def holding(text: str) -> AuditEntry:
        name = field.removeprefix("actor.")
        value: Any = (text,) if name in {"related_ids", "methods"} else text
        return replace(KNOWN, actor=replace(KNOWN.actor, **{name: value})) if name != field else replace(KNOWN, **{name: value})

    # The JSON of a text has two quotes.
    whole, cut = holding("x" * (bytes_max - 2)), holding("x" * (bytes_max - 1))

    assert whole.clipped() == whole
    assert cut.clipped() != cut
    assert "sha256" in cut.clipped().leaf().decode()


def test_a_long_list_keeps_its_first_and_commits_to_all() -> None:
    related = tuple(f"{number:050}" for number in range(400))
    kept = entry(related_ids=related).clipped().related_ids

    assert len(kept) > 200
    assert kept[:-1] == related[: len(kept) - 1]
    whole = json.dumps(related, separators=(",", ":")).encode()
    assert kept[-1] == f"… (of 400: {len(whole)} bytes, sha256 {sha256(whole).hexdigest()})"
    assert len(json.dumps(kept, separators=(",", ":"), ensure_ascii=False).encode()) <= 12_000


def test_a_long_state_is_committed_to_by_its_digest() -> None:
    state = json.dumps({"lines": ["x" * 100] * 1000})

    clipped = entry(after=state).clipped()

    assert json.loads(clipped.after or "") == {
        "bytes": str(len(state)),
        "sha256": sha256(state.encode()).hexdigest(),
    }


def test_two_long_states_that_differ_have_different_leaves() -> None:
    fact = entry(after="x" * 30_000)

    assert fact.clipped().leaf() != replace(fact, after="x" * 29_999 + "y").clipped().leaf()


def test_ordinary_facts_are_not_clipped() -> None:
    assert KNOWN.clipped() == KNOWN


@pytest.mark.parametrize(
    "leaf", [b"", b"{}", LEAF_HEADER, LEAF_HEADER + b"[]", LEAF_HEADER + b"{}", LEAF_HEADER + b"[" * 100_000]
)
def test_other_bytes_are_refused_as_leaves(leaf: bytes) -> None:
    with pytest.raises(ValueError, match=r"leaf|JSON|Expecting"):
        read_leaf(leaf)


def test_an_entry_is_found_by_all_its_subjects() -> None:
    by_user = entry(actor=user("u", session_id="s"), resource_id="r", related_ids=("w", "", "r"))
    by_service = entry(actor=service(), resource_id="r", related_ids=("w",))

    assert by_user.subject_ids == {"u", "s", "r", "w"}
    assert by_service.subject_ids == {"r", "w"}
