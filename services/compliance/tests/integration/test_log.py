"""One suite for the log, in memory and on PostgreSQL: appending, signing, proving, reading."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from chassis.testing.clocks import ControlledClock
from chassis.testing.reads import NotedReads
from compliance.application.append_facts import AppendFacts, FactRewritten
from compliance.application.ports import UnitOfWork
from compliance.application.prove import NotYetSigned, Prove
from compliance.application.queries import ComplianceQueries, EntryFilter
from compliance.application.read_trail import ReadTrail, Trail
from compliance.application.screening_blocks import LiftBlock, PlaceBlock
from compliance.application.sign_checkpoint import SignCheckpoint
from compliance.domain.entry import AuditEntry
from compliance.infrastructure.queries import SqlComplianceQueries
from compliance.infrastructure.repositories import SqlComplianceTransaction
from compliance.interfaces.rest.schemas import ConsistencyResponse, ProofBundleResponse
from compliance.verifier import verify_bundle, verify_consistency
from kernel.actor import Actor as KernelActor
from kernel.errors import NotFound
from kernel.ids import new_id
from kernel.pages import CursorRequest, PageRequest
from services.compliance.tests.fakes import AT, FakeQueries, FakeUnitOfWork, Signer, entries, entry, service, user


@dataclass
class Book:
    """A log with its use cases."""

    append: AppendFacts
    sign: SignCheckpoint
    prove: Prove
    read_trail: ReadTrail
    queries: ComplianceQueries
    signer: Signer
    place: PlaceBlock
    lift: LiftBlock

    @classmethod
    def of(cls, uow: UnitOfWork, queries: ComplianceQueries) -> "Book":
        signer = Signer()
        clock = ControlledClock()
        sign = SignCheckpoint(uow, signer, clock)
        place, lift = PlaceBlock(uow, clock), LiftBlock(uow, clock)
        return cls(AppendFacts(uow), sign, Prove(queries), ReadTrail(queries, NotedReads()), queries, signer, place, lift)

    async def trail(self, resource_id: str) -> Trail:
        return await self.read_trail(actor=KernelActor.service("auditor"), resource_id=resource_id, reason="audit")

    async def listed(self, **wanted: Any) -> list[int]:
        page = await self.queries.entries(EntryFilter(**wanted), CursorRequest(limit=100))
        return [logged.sequence for logged in page.items]

    async def verified(self, sequence: int, tree_size: int | None = None) -> AuditEntry:
        proof = await self.prove.inclusion(sequence, tree_size=tree_size)
        bundle = ProofBundleResponse.of(proof, self.signer.key).model_dump()
        verified = verify_bundle(bundle, key=self.signer.key.text)
        assert verified.index == sequence
        return verified.entry


@pytest.fixture(params=["in memory", "on PostgreSQL"])
def book(request: pytest.FixtureRequest, database: Database, uow: SqlUnitOfWork[SqlComplianceTransaction]) -> Book:
    if request.param == "on PostgreSQL":
        return Book.of(uow, SqlComplianceQueries(database))
    fake = FakeUnitOfWork()
    return Book.of(fake, FakeQueries(fake))


async def test_blocks_are_listed_by_whether_they_stand(book: Book) -> None:
    officer = KernelActor.service("test")
    placed = [await book.place(actor=officer, subject_id=new_id(), reason=f"case {n}") for n in range(3)]
    # The clock stands still: of one moment, the ids give the order, and within a millisecond those are random.
    placed.sort(key=lambda block: block.id)
    await book.lift(actor=officer, block_id=placed[0].id)

    for standing, expected in ((None, placed), (True, placed[1:]), (False, placed[:1])):
        page = await book.queries.blocks(standing=standing, page=PageRequest(1, 2))
        assert [block.id for block in page.items] == [block.id for block in expected[:2]]
        assert page.total == len(expected)


async def test_facts_take_their_places_in_order(book: Book) -> None:
    facts = entries(5)

    assert await book.append(facts[:3]) == 3
    assert await book.append(facts[3:]) == 2

    page = await book.queries.entries(EntryFilter(oldest_first=True), CursorRequest(limit=10))
    assert [logged.entry for logged in page.items] == facts
    assert [logged.sequence for logged in page.items] == [0, 1, 2, 3, 4]


async def test_a_fact_that_comes_again_keeps_its_place(book: Book) -> None:
    facts = entries(4)
    await book.append(facts[:3])

    assert await book.append([facts[1], facts[3], facts[3], facts[0]]) == 1
    assert await book.append([]) == 0

    assert [logged.entry.fact_id for logged in (await book.queries.entries(EntryFilter(), CursorRequest())).items] == [
        fact.fact_id for fact in reversed(facts)
    ]


async def test_a_fact_that_says_something_else_now_is_refused(book: Book) -> None:
    facts = entries(2)
    await book.append(facts[:1])

    with pytest.raises(FactRewritten):
        await book.append([facts[1], replace(facts[0], after='{"amount":"1.00"}')])

    assert await book.listed() == [0]


async def test_a_fact_of_any_size_and_kind_is_kept(book: Book) -> None:
    odd = entry(
        resource_id="r" * 5000,
        action="a\0b",
        actor=user("\0" * 3000, session_id="\0", user_agent="x" * 99_999),
        after="{" + "x" * 99_999,
        related_ids=tuple(f"role:{n}\0" for n in range(3000)),
    )

    assert await book.append([odd]) == 1
    assert await book.append([odd]) == 0

    await book.sign()
    assert await book.verified(0) == odd.clipped()
    assert await book.listed(related_to="role:1\0") == [0]


async def test_a_checkpoint_covers_what_was_appended_before_it(book: Book) -> None:
    assert await book.sign() is None
    await book.append(entries(3))

    with pytest.raises(NotYetSigned):
        await book.prove.inclusion(0)
    checkpoint = await book.sign()
    assert checkpoint
    assert checkpoint.size == 3
    assert await book.sign() is None

    await book.append(entries(1))
    await book.verified(2)
    with pytest.raises(NotYetSigned):
        await book.prove.inclusion(3)
    with pytest.raises(NotFound):
        await book.prove.inclusion(4)


async def test_every_entry_is_provable_under_every_checkpoint_that_covers_it(book: Book) -> None:
    facts = entries(700)
    sizes = (1, 255, 256, 257, 512, 513, 700)
    for start, end in zip((0, *sizes), sizes, strict=False):
        await book.append(facts[start:end])
        await book.sign()

    for sequence in (0, 1, 127, 128, 254, 255, 256, 257, 300, 511, 512, 513, 699):
        for size in sizes:
            if size > sequence:
                assert await book.verified(sequence, size) == facts[sequence]
    by_fact = await book.prove.inclusion(facts[300].fact_id)
    assert by_fact.entry.sequence == 300
    with pytest.raises(NotFound):
        await book.prove.inclusion(0, tree_size=2)


async def test_every_checkpoint_is_the_beginning_of_the_next(book: Book) -> None:
    sizes = (1, 2, 255, 256, 257, 600)
    facts = entries(600)
    for start, end in zip((0, *sizes), sizes, strict=False):
        await book.append(facts[start:end])
        await book.sign()

    for first in sizes:
        for second in sizes:
            proof = await book.prove.consistency(first, second)
            answer = ConsistencyResponse.of(proof, book.signer.key).model_dump(mode="json")
            earlier, later = verify_consistency(answer, key=book.signer.key.text)
            assert (earlier.size, later.size) == (min(first, second), max(first, second))
    with pytest.raises(NotFound):
        await book.prove.consistency(1, 3)


async def test_the_log_is_searched_by_every_filter(book: Book) -> None:
    alice, bob = user("alice"), user("bob", session_id="evening")
    await book.append(
        [
            entry(actor=alice, resource_id="w", resource_type="wallet", action="open", producer="payments", occurred_at=AT),
            entry(actor=bob, resource_id="t", related_ids=("w", "alice"), occurred_at=AT + timedelta(hours=1)),
            entry(actor=service("payments"), resource_id="w", resource_type="wallet", occurred_at=AT + timedelta(hours=2)),
            entry(actor=alice, resource_id="alice", resource_type="user", producer="identity", action="rename"),
        ]
    )

    assert await book.listed() == [3, 2, 1, 0]
    assert await book.listed(oldest_first=True) == [0, 1, 2, 3]
    assert await book.listed(actor_id="alice") == [3, 0]
    assert await book.listed(resource_id="w") == [2, 0]
    assert await book.listed(resource_type="wallet", actor_id="payments") == [2]
    assert await book.listed(action="open") == [0]
    assert await book.listed(producer="identity") == [3]
    assert await book.listed(related_to="w") == [2, 1, 0]
    assert await book.listed(related_to="w", oldest_first=True) == [0, 1, 2]
    assert await book.listed(related_to="alice", resource_type="user") == [3]
    assert await book.listed(related_to="alice") == [3, 1, 0]
    assert await book.listed(related_to="evening") == [1]
    assert await book.listed(since=AT + timedelta(hours=1)) == [2, 1]
    assert await book.listed(until=AT + timedelta(hours=1), related_to="w") == [0]
    assert await book.listed(related_to="nobody") == []


async def test_users_are_told_from_everything_else_that_has_entries(book: Book) -> None:
    person, granted, wallet, unheard = (str(new_id()) for _ in range(4))
    await book.append(
        [
            entry(producer="governance", resource_type="role_assignment", resource_id=granted),
            entry(producer="identity", resource_type="user", resource_id=granted),
            *(entry(producer="identity", resource_type="user", resource_id=person) for _ in range(3)),
            entry(resource_type="wallet", resource_id=wallet, related_ids=(person, unheard)),
        ]
    )
    assert await book.queries.people({person, granted, wallet, unheard}) == {person, granted}
    assert await book.queries.people({wallet}) == await book.queries.people(set()) == frozenset()


async def test_pages_meet_without_gap_or_overlap(book: Book) -> None:
    actor = user("alice")
    await book.append([entry(actor=actor, resource_id=f"r{n}") for n in range(10)])
    await book.append(entries(5))

    for wanted in (EntryFilter(related_to="alice"), EntryFilter(actor_id="alice", oldest_first=True)):
        found: list[int] = []
        cursor: str | None = None
        while True:
            page = await book.queries.entries(wanted, CursorRequest(cursor, 4))
            found += [logged.sequence for logged in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert found == sorted(range(10), reverse=not wanted.oldest_first)


async def test_a_trail_tells_of_the_resource_and_its_parties(book: Book) -> None:
    alice, governance, wallet = user("alice", session_id="s"), service("governance"), str(new_id())
    await book.append(
        [
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

    trail = await book.trail("t1")

    assert [logged.sequence for logged in trail.entries] == [0, 2, 3, 4, 7]
    assert trail.is_complete
    with pytest.raises(NotFound):
        await book.trail("t3")


async def test_a_trail_too_long_says_so(book: Book) -> None:
    alice = user("alice", session_id="s")
    await book.append([entry(actor=alice, resource_id="wallet", resource_type="wallet") for _ in range(501)])

    trail = await book.trail("wallet")

    assert not trail.is_complete
    assert [logged.sequence for logged in trail.entries] == list(range(1, 501))


async def test_of_several_subjects_the_newest_entries_are_given_and_what_is_left_out_is_told(book: Book) -> None:
    of_both = [entry(actor=service(), resource_type=kind, related_ids=(who,)) for kind in "xyz" for who in ("a", "b")]
    await book.append([entry(actor=service(), related_ids=("c",)), *of_both])

    for limit, expected, is_complete in ((2, [5, 6], False), (4, [3, 4, 5, 6], False), (7, [1, 2, 3, 4, 5, 6], True)):
        found = await book.queries.about(["a", "b"], but_not_of=(), limit=limit)
        assert ([logged.sequence for logged in found.entries], found.is_complete) == (expected, is_complete)
    # As many as there may be: there may be more.
    assert not (await book.queries.about(["a", "b"], but_not_of=(), limit=6)).is_complete
    assert not (await book.queries.about(["a", "b"], but_not_of=("x", "y"), limit=3)).is_complete
    found = await book.queries.about(["a", "b"], but_not_of=("x", "z"), limit=4)
    assert ([logged.sequence for logged in found.entries], found.is_complete) == ([3, 4], True)
    nothing = await book.queries.about([], but_not_of=(), limit=4)
    assert (nothing.entries, nothing.is_complete) == ([], True)


async def test_a_party_too_busy_to_be_looked_through_is_told_of(book: Book) -> None:
    busy = user("busy")
    await book.append([entry(actor=busy, resource_type="login", resource_id="before all")])
    await book.append([entry(actor=busy) for _ in range(500)])
    await book.append([entry(actor=busy, resource_id="t")])

    trail = await book.trail("t")

    assert [logged.sequence for logged in trail.entries] == [501]
    assert not trail.is_complete
