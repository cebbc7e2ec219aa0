"""`fsck --producers` compares the whole log with the journals, in both directions."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from chassis.testing.clocks import ControlledClock
from compliance.application.audit.append_facts import AppendFacts
from compliance.application.audit.check_producers import CheckProducers, ProducerFinding
from compliance.infrastructure.sql import completeness
from compliance.infrastructure.sql.completeness import SqlLoggedFacts
from compliance.infrastructure.sql.transaction import SqlComplianceTransaction
from compliance.interfaces.check_producers import check_producers
from services.compliance.tests.entries import entry
from services.compliance.tests.producers import Producer, Recorded, logged


@dataclass
class Checked:
    producer: Producer
    database: Database
    clock: ControlledClock
    append: AppendFacts
    journals: dict[str, Producer]

    async def log(self, *recorded: Recorded) -> None:
        await self.append(entries=logged(*recorded))
        await self.producer.number()

    def checking(self, *, meanwhile: Callable[[], Awaitable[None]] | None = None) -> CheckProducers:
        """Return the check. While it waits for facts on their way, `meanwhile` happens and time passes."""

        async def wait(seconds: float) -> None:
            self.clock.advance(seconds=seconds)
            if meanwhile:
                await meanwhile()

        log = SqlLoggedFacts(self.database)
        return CheckProducers(log=log, journals=self.journals, clock=self.clock, wait=wait, grace=timedelta(seconds=2))

    async def check(self, *, from_entry: int = 0) -> ProducerFinding:
        [finding] = await self.checking()(from_entry=from_entry)
        return finding


@pytest.fixture
async def checked(
    producer: Producer,
    database: Database,
    uow: SqlUnitOfWork[SqlComplianceTransaction],
    clock: ControlledClock,
    monkeypatch: pytest.MonkeyPatch,
) -> Checked:
    """A log and a journal of 130 facts, which are read in several pages."""
    monkeypatch.setattr(completeness, "CHUNK_ENTRIES", 60)
    checked = Checked(producer, database, clock, AppendFacts(uow), {"payments": producer})
    await checked.log(*await producer.record(130))
    return checked


async def test_a_complete_log_has_no_problems(checked: Checked, capsys: pytest.CaptureFixture[str]) -> None:
    code = await check_producers(checked.checking(), from_entry=0)

    assert (code, capsys.readouterr().out) == (0, "payments: complete, 130 facts in its journal\n")


async def test_each_missing_fact_and_each_forged_entry_is_named(checked: Checked, capsys: pytest.CaptureFixture[str]) -> None:
    lost, arrived = await checked.producer.record(2)
    forged = entry(digest=bytes(32))
    await checked.append(entries=[forged, arrived.entry])
    await checked.producer.number()

    code = await check_producers(checked.checking(), from_entry=0)

    assert (code, capsys.readouterr().out.splitlines()) == (
        1,
        [
            f"BROKEN: payments: fact {lost.entry.fact_id} (number 131) is not in the log",
            f"BROKEN: payments: entry 130 of the log (fact {forged.fact_id}) is in no journal",
            "payments: 2 problems, 132 facts in its journal",
        ],
    )


async def test_an_entry_of_an_unknown_producer_is_named(checked: Checked) -> None:
    await checked.append(entries=[entry(producer="ledger", digest=bytes(32))])

    payments, other = await checked.checking()()
    assert (payments.count, other.producer, other.count) == (0, "ledger", 1)


@pytest.mark.parametrize(
    ("statement", "problems"),
    [
        ("DELETE FROM audit_journal WHERE position = 7", ["row of number 7 was removed", "entry 6 of the log"]),
        ("DELETE FROM audit_journal_numbers WHERE number = 7", ["no number 7", "1 facts have no number", "entry 6 of the log"]),
        ("UPDATE audit_journal SET digest = sha256('x') WHERE position = 7", ["entry 7 ", "another digest or producer"]),
        ("UPDATE audit_journal_numbers SET chain = sha256('x') WHERE number = 7", ["entry 7 ", "entry 8 "]),
        (
            "UPDATE audit_journal SET fact_id = '01980a52-7c00-7000-8000-000000000001' WHERE position = 7",
            ["entry 7 ", "01980a52-7c00-7000-8000-000000000001 (number 7) is not in the log", "entry 6 of the log"],
        ),
        (
            "DELETE FROM audit_journal_numbers WHERE number > 128",
            ["2 facts have no number", "entry 128 of the log", "entry 129 of the log"],
        ),
    ],
    ids=["a row", "a number", "a digest", "a chain", "an id", "the end"],
)
async def test_a_changed_journal_is_found_although_it_was_compared_before(
    checked: Checked, statement: str, problems: list[str]
) -> None:
    await checked.producer.damage(statement)

    found = (await checked.check()).problems

    assert len(found) == len(problems)
    assert all(expected in problem for expected, problem in zip(problems, found, strict=True)), found


async def test_facts_on_their_way_are_no_problem(checked: Checked) -> None:
    """One is numbered and not yet in the log, the other in the log and not yet numbered."""
    [numbered] = await checked.producer.record()
    await checked.producer.number()
    [delivered] = await checked.producer.record()
    await checked.append(entries=[delivered.entry])

    async def arrive() -> None:
        await checked.log(numbered)

    [finding] = await checked.checking(meanwhile=arrive)()

    assert (finding.facts, finding.problems) == (132, [])
    assert checked.clock.now() - ControlledClock().now() == timedelta(seconds=0.5)


async def test_a_fact_that_arrives_with_other_content_during_the_check_is_named(checked: Checked) -> None:
    [sent] = await checked.producer.record()
    await checked.producer.number()

    async def arrive() -> None:
        await checked.append(entries=logged(checked.producer.fact(fact_id=sent.entry.fact_id, resource_id="other")))

    [finding] = await checked.checking(meanwhile=arrive)()

    assert finding.problems == [f"fact {sent.entry.fact_id} (number 131) is in the log with another digest or producer"]


async def test_facts_that_no_relay_numbers_fail_the_check(checked: Checked) -> None:
    await checked.producer.record(2)

    finding = await checked.check()

    assert finding.problems == ["2 facts have no number, and none was given after 130: no relay numbers them"]


async def test_a_producer_that_is_away_fails_the_check(checked: Checked, capsys: pytest.CaptureFixture[str]) -> None:
    checked.producer.is_away = True

    assert await check_producers(checked.checking(), from_entry=0) == 1
    assert capsys.readouterr().out.startswith("payments: not checked to the end, 0 facts: ")


async def test_entries_of_earlier_releases_need_no_journal(
    checked: Checked, producer: Producer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their facts have no digest, or the service that recorded them had no journal yet."""
    await checked.append(entries=[entry()])
    await producer.damage("DELETE FROM audit_journal_numbers", "DELETE FROM audit_journal")
    await checked.log(*await producer.record(2))

    assert await check_producers(checked.checking(), from_entry=0) == 0
    assert capsys.readouterr().out == "payments: complete, 2 facts in its journal, 130 entries from before its journal\n"

    await checked.append(entries=[entry(digest=bytes(32))])
    assert [(await checked.check(from_entry=size)).count for size in (133, 134)] == [1, 0]
