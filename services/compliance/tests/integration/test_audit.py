"""The audit log on PostgreSQL: appending, signing, proving, reading."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from chassis.testing.clocks import ControlledClock
from chassis.testing.reads import NotedReads
from compliance.application.audit.append_facts import AppendFacts, FactRewritten
from compliance.application.audit.get_audit_trail import GetAuditTrail, Trail
from compliance.application.audit.get_consistency_proof import GetConsistencyProof
from compliance.application.audit.get_inclusion_proof import GetInclusionProof, InclusionProof, NotYetSigned
from compliance.application.audit.sign_checkpoint import SignCheckpoint
from compliance.application.audit.views import EntryFilter
from compliance.domain.checkpoint import VerifierKey
from compliance.domain.entry import AuditEntry
from compliance.infrastructure.sql.audit import SqlAuditViews
from compliance.infrastructure.sql.transaction import SqlComplianceTransaction
from compliance.interfaces.rest.schemas.audit import ConsistencyProofResponse, ProofBundleResponse
from compliance.verifier import verify_bundle, verify_consistency
from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.ids import new_id
from kernel.pages import CursorRequest
from services.compliance.tests.entries import AT, entries, entry, service, user
from services.compliance.tests.fakes.log_signer import Signer

AUDITOR: Final = Actor.service("auditor")


@dataclass
class AuditLog:
    """A log with its use cases."""

    append: AppendFacts
    sign: SignCheckpoint
    prove_inclusion: GetInclusionProof
    prove_consistency: GetConsistencyProof
    get_trail: GetAuditTrail
    views: SqlAuditViews
    key: VerifierKey

    async def prove(self, place: int | UUID, *, tree_size: int | None = None) -> InclusionProof:
        return await self.prove_inclusion(actor=AUDITOR, place=place, tree_size=tree_size)

    async def trail(self, resource_id: str) -> Trail:
        return await self.get_trail(actor=AUDITOR, resource_id=resource_id, reason="audit")

    async def listed(self, **wanted: Any) -> list[int]:
        page = await self.views.entries(EntryFilter(**wanted), CursorRequest(limit=100))
        return [logged.sequence for logged in page.items]

    async def verified(self, sequence: int, tree_size: int | None = None) -> AuditEntry:
        proof = await self.prove(sequence, tree_size=tree_size)
        verified = verify_bundle(ProofBundleResponse.of(proof).model_dump(), key=self.key.text)
        assert verified.index == sequence
        return verified.entry


@pytest.fixture
def log(database: Database, uow: SqlUnitOfWork[SqlComplianceTransaction]) -> AuditLog:
    signer, views, reads = Signer(), SqlAuditViews(database), NotedReads()
    return AuditLog(
        append=AppendFacts(uow),
        sign=SignCheckpoint(uow, signer, ControlledClock()),
        prove_inclusion=GetInclusionProof(views=views, reads=reads, key=signer.key),
        prove_consistency=GetConsistencyProof(views=views, key=signer.key),
        get_trail=GetAuditTrail(views=views, reads=reads),
        views=views,
        key=signer.key,
    )


async def test_facts_are_appended_in_order(log: AuditLog) -> None:
    facts = entries(5)

    assert await log.append(entries=facts[:3]) == 3
    assert await log.append(entries=facts[3:]) == 2

    page = await log.views.entries(EntryFilter(oldest_first=True), CursorRequest(limit=10))
    assert [logged.entry for logged in page.items] == facts
    assert [logged.sequence for logged in page.items] == [0, 1, 2, 3, 4]


async def test_a_repeated_fact_keeps_its_position(log: AuditLog) -> None:
    facts = entries(4)
    await log.append(entries=facts[:3])

    assert await log.append(entries=[facts[1], facts[3], facts[3], facts[0]]) == 1
    assert await log.append(entries=[]) == 0

    assert [logged.entry.fact_id for logged in (await log.views.entries(EntryFilter(), CursorRequest())).items] == [
        fact.fact_id for fact in reversed(facts)
    ]


async def test_a_repeated_fact_with_other_content_is_refused(log: AuditLog) -> None:
    facts = entries(2)
    await log.append(entries=facts[:1])

    with pytest.raises(FactRewritten):
        await log.append(entries=[facts[1], replace(facts[0], after='{"amount":"1.00"}')])

    assert await log.listed() == [0]


async def test_facts_of_any_size_and_kind_are_logged(log: AuditLog) -> None:
    odd = entry(
        resource_id="r" * 5000,
        action="a\0b",
        actor=user("\0" * 3000, session_id="\0", user_agent="x" * 99_999),
        after="{" + "x" * 99_999,
        related_ids=tuple(f"role:{n}\0" for n in range(3000)),
    )

    assert await log.append(entries=[odd]) == 1
    assert await log.append(entries=[odd]) == 0

    await log.sign()
    assert await log.verified(0) == odd.clipped()
    assert await log.listed(related_to="role:1\0") == [0]


async def test_a_checkpoint_covers_what_was_appended_before_it(log: AuditLog) -> None:
    assert await log.sign() is None
    await log.append(entries=entries(3))

    with pytest.raises(NotYetSigned):
        await log.prove(0)
    checkpoint = await log.sign()
    assert checkpoint
    assert checkpoint.size == 3
    assert await log.sign() is None

    await log.append(entries=entries(1))
    await log.verified(2)
    with pytest.raises(NotYetSigned):
        await log.prove(3)
    with pytest.raises(NotFound):
        await log.prove(4)


async def test_every_entry_is_provable_under_every_checkpoint_that_covers_it(log: AuditLog) -> None:
    facts = entries(700)
    sizes = (1, 255, 256, 257, 512, 513, 700)
    for start, end in zip((0, *sizes), sizes, strict=False):
        await log.append(entries=facts[start:end])
        await log.sign()

    for sequence in (0, 1, 127, 128, 254, 255, 256, 257, 300, 511, 512, 513, 699):
        for size in sizes:
            if size > sequence:
                assert await log.verified(sequence, size) == facts[sequence]
    by_fact = await log.prove(facts[300].fact_id)
    assert by_fact.entry.sequence == 300
    with pytest.raises(NotFound):
        await log.prove(0, tree_size=2)


async def test_every_checkpoint_is_the_beginning_of_the_next(log: AuditLog) -> None:
    sizes = (1, 2, 255, 256, 257, 600)
    facts = entries(600)
    for start, end in zip((0, *sizes), sizes, strict=False):
        await log.append(entries=facts[start:end])
        await log.sign()

    for first in sizes:
        for second in sizes:
            proof = await log.prove_consistency(first=first, second=second)
            answer = ConsistencyProofResponse.of(proof).model_dump(mode="json")
            earlier, later = verify_consistency(answer, key=log.key.text)
            assert (earlier.size, later.size) == (min(first, second), max(first, second))
    with pytest.raises(NotFound):
        await log.prove_consistency(first=1, second=3)


async def test_the_log_is_searched_by_every_filter(log: AuditLog) -> None:
    alice, bob = user("alice"), user("bob", session_id="evening")
    await log.append(
        entries=[
            entry(actor=alice, resource_id="w", resource_type="wallet", action="open", producer="payments", occurred_at=AT),
            entry(actor=bob, resource_id="t", related_ids=("w", "alice"), occurred_at=AT + timedelta(hours=1)),
            entry(actor=service("payments"), resource_id="w", resource_type="wallet", occurred_at=AT + timedelta(hours=2)),
            entry(actor=alice, resource_id="alice", resource_type="user", producer="identity", action="rename"),
        ]
    )

    assert await log.listed() == [3, 2, 1, 0]
    assert await log.listed(oldest_first=True) == [0, 1, 2, 3]
    assert await log.listed(actor_id="alice") == [3, 0]
    assert await log.listed(resource_id="w") == [2, 0]
    assert await log.listed(resource_type="wallet", actor_id="payments") == [2]
    assert await log.listed(action="open") == [0]
    assert await log.listed(producer="identity") == [3]
    assert await log.listed(related_to="w") == [2, 1, 0]
    assert await log.listed(related_to="w", oldest_first=True) == [0, 1, 2]
    assert await log.listed(related_to="alice", resource_type="user") == [3]
    assert await log.listed(related_to="alice") == [3, 1, 0]
    assert await log.listed(related_to="evening") == [1]
    assert await log.listed(since=AT + timedelta(hours=1)) == [2, 1]
    assert await log.listed(until=AT + timedelta(hours=1), related_to="w") == [0]
    assert await log.listed(related_to="nobody") == []


async def test_users_are_distinguished_from_other_resources(log: AuditLog) -> None:
    person, granted, wallet, unheard = (str(new_id()) for _ in range(4))
    await log.append(
        entries=[
            entry(producer="governance", resource_type="role_assignment", resource_id=granted),
            entry(producer="identity", resource_type="user", resource_id=granted),
            *(entry(producer="identity", resource_type="user", resource_id=person) for _ in range(3)),
            entry(resource_type="wallet", resource_id=wallet, related_ids=(person, unheard)),
        ]
    )
    assert await log.views.people({person, granted, wallet, unheard}) == {person, granted}
    assert await log.views.people({wallet}) == await log.views.people(set()) == frozenset()


async def test_pages_have_no_gap_or_overlap(log: AuditLog) -> None:
    actor = user("alice")
    await log.append(entries=[entry(actor=actor, resource_id=f"r{n}") for n in range(10)])
    await log.append(entries=entries(5))

    for wanted in (EntryFilter(related_to="alice"), EntryFilter(actor_id="alice", oldest_first=True)):
        found: list[int] = []
        cursor: str | None = None
        while True:
            page = await log.views.entries(wanted, CursorRequest(cursor, 4))
            found += [logged.sequence for logged in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert found == sorted(range(10), reverse=not wanted.oldest_first)


async def test_a_trail_contains_the_resource_and_its_parties(log: AuditLog) -> None:
    alice, governance, wallet = user("alice", session_id="s"), service("governance"), str(new_id())
    await log.append(
        entries=[
            entry(producer="identity", action="register", actor=user("alice"), resource_type="user", resource_id="alice"),
            entry(producer="governance", action="grant", actor=governance, resource_type="role", resource_id="alice/user"),
            entry(producer="governance", actor=governance, resource_type="role", resource_id="x", related_ids=("alice",)),
            entry(producer="identity", action="sign in", actor=alice, resource_type="session", resource_id="s"),
            entry(actor=alice, resource_id="t1", related_ids=(wallet, "bob")),
            entry(actor=alice, resource_id="t2", related_ids=(wallet,)),
            entry(actor=service(), resource_type="wallet", resource_id="other", related_ids=("carol",)),
            entry(actor=service(), resource_type="receipt", resource_id="receipt", related_ids=("t1",)),
        ]
    )

    trail = await log.trail("t1")

    assert [logged.sequence for logged in trail.entries] == [0, 2, 3, 4, 7]
    assert trail.is_complete
    with pytest.raises(NotFound):
        await log.trail("t3")


async def test_a_trail_that_was_cut_is_marked_incomplete(log: AuditLog) -> None:
    alice = user("alice", session_id="s")
    await log.append(entries=[entry(actor=alice, resource_id="wallet", resource_type="wallet") for _ in range(501)])

    trail = await log.trail("wallet")

    assert not trail.is_complete
    assert [logged.sequence for logged in trail.entries] == list(range(1, 501))


async def test_the_newest_entries_of_several_subjects_are_returned_and_a_cut_is_reported(log: AuditLog) -> None:
    of_both = [entry(actor=service(), resource_type=kind, related_ids=(who,)) for kind in "xyz" for who in ("a", "b")]
    await log.append(entries=[entry(actor=service(), related_ids=("c",)), *of_both])

    for limit, expected, is_complete in ((2, [5, 6], False), (4, [3, 4, 5, 6], False), (7, [1, 2, 3, 4, 5, 6], True)):
        found = await log.views.about(["a", "b"], but_not_of=(), limit=limit)
        assert ([logged.sequence for logged in found.entries], found.is_complete) == (expected, is_complete)
    # The limit is reached, so there may be more.
    assert not (await log.views.about(["a", "b"], but_not_of=(), limit=6)).is_complete
    assert not (await log.views.about(["a", "b"], but_not_of=("x", "y"), limit=3)).is_complete
    found = await log.views.about(["a", "b"], but_not_of=("x", "z"), limit=4)
    assert ([logged.sequence for logged in found.entries], found.is_complete) == ([3, 4], True)
    nothing = await log.views.about([], but_not_of=(), limit=4)
    assert (nothing.entries, nothing.is_complete) == ([], True)


async def test_a_party_with_too_many_entries_is_reported_as_incomplete(log: AuditLog) -> None:
    busy = user("busy")
    await log.append(entries=[entry(actor=busy, resource_type="login", resource_id="before all")])
    await log.append(entries=[entry(actor=busy) for _ in range(500)])
    await log.append(entries=[entry(actor=busy, resource_id="t")])

    trail = await log.trail("t")

    assert [logged.sequence for logged in trail.entries] == [501]
    assert not trail.is_complete
