"""Received checkpoints: one a minute is kept, contradictions at once."""

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from structlog.testing import capture_logs

from chassis.checkpoints.keeping import CheckpointKeeping
from chassis.checkpoints.received import NotCheckpoint, Received, Recollection, Verdict, read
from chassis.checkpoints.table import CheckpointTable
from chassis.messaging.contracts import spec_of
from chassis.persistence.database import Database
from chassis.persistence.delivery import Delivery
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import Databases
from chassis.testing.running import eventually, running
from elcorp.compliance.v1.events_pb2 import CheckpointSigned
from kernel.ids import new_id

VERSIONS = Path(__file__).parents[1] / "run" / "versions"
ORIGIN = "elcorp.na/audit"
START = datetime(2026, 3, 21, 8, tzinfo=UTC)


def announced(size: int, root: bytes = b"\1", *, origin: str = ORIGIN, second: int | None = None) -> Delivery[CheckpointSigned]:
    """Announce a checkpoint, signed at second `size` unless given."""
    root_hash = root.rjust(32, b"\0")
    note = f"{origin}\n{size}\n{base64.b64encode(root_hash).decode()}\n\n\u2014 {origin} c2lnbmF0dXJl\n"
    message = CheckpointSigned(origin=origin, tree_size=size, root_hash=root_hash, note=note)
    signed_at = START + timedelta(seconds=size if second is None else second)
    kind = spec_of(CheckpointSigned).type
    return Delivery(message_id=new_id(), type=kind, producer="compliance", occurred_at=signed_at, message=message)


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    async with databases.create("doors", VERSIONS) as urls, databases.connect(urls.app, pool_size=2) as database:
        yield database


@pytest.fixture
def keeping(database: Database, clock: ControlledClock) -> CheckpointKeeping:
    return CheckpointKeeping(CheckpointTable(database), pause_seconds=60, clock=clock)


async def kept(database: Database) -> list[tuple[int, int]]:
    """Return size and last byte of the root of each row."""
    async with database.read() as connection:
        rows = await connection.execute(text("SELECT size, root_hash FROM heard_checkpoints ORDER BY heard_at, size"))
        return [(size, bytes(root_hash)[-1]) for size, root_hash in rows]


def contradictions() -> float:
    return REGISTRY.get_sample_value("checkpoint_contradictions_total") or 0


async def test_the_newest_is_kept_when_the_pause_has_ended(
    keeping: CheckpointKeeping, database: Database, clock: ControlledClock
) -> None:
    for size in (1, 2, 3):
        keeping.receive(announced(size))
        await keeping.settle()
    assert await kept(database) == [(1, 1)]

    clock.advance(seconds=59.9)
    await keeping.settle()
    assert await kept(database) == [(1, 1)]

    clock.advance(seconds=0.1)
    await keeping.settle()
    clock.advance(seconds=60)
    await keeping.settle()
    assert await kept(database) == [(1, 1), (3, 1)]


async def test_a_process_continues_from_what_was_kept(keeping: CheckpointKeeping, database: Database) -> None:
    keeping.receive(announced(5))
    await keeping.settle()

    again = CheckpointKeeping(CheckpointTable(database), pause_seconds=60)
    for later in (announced(4, second=99), announced(9, origin="other/log"), announced(6)):
        again.receive(later)
    before = contradictions()
    with capture_logs() as logs:
        await again.settle()

    assert await kept(database) == [(5, 1), (4, 1), (6, 1)]
    assert contradictions() == before + 1
    assert [line["event"] for line in logs] == ["checkpoint_refused", "checkpoint_contradiction"]


async def test_a_log_that_was_set_back_is_reported_once_a_pause_and_counted_each_time(
    keeping: CheckpointKeeping, database: Database, clock: ControlledClock
) -> None:
    before = contradictions()
    with capture_logs() as logs:
        for size, second in ((10, 10), (20, 20), (11, 21), (12, 22)):
            keeping.receive(announced(size, second=second))
        await keeping.settle()
    assert [(line["kind"], line["log_level"]) for line in logs] == [("smaller", "error")]
    assert "\n20\n" in logs[0]["earlier_note"]
    assert "\n11\n" in logs[0]["note"]
    # Both are evidence: the one that was received before, and the one that contradicts it.
    assert sorted(await kept(database)) == [(11, 1), (20, 1)]
    assert contradictions() == before + 2

    clock.advance(seconds=60)
    keeping.receive(announced(13, second=23))
    await keeping.settle()
    assert sorted(await kept(database)) == [(11, 1), (13, 1), (20, 1)]


async def test_one_size_with_two_roots_is_kept_as_evidence(keeping: CheckpointKeeping, database: Database) -> None:
    for checkpoint in (announced(7, b"\1"), announced(8, b"\1"), announced(7, b"\2", second=7)):
        keeping.receive(checkpoint)
    with capture_logs() as logs:
        await keeping.settle()

    assert [line["kind"] for line in logs] == ["other_root"]
    assert sorted(await kept(database)) == [(7, 1), (7, 2), (8, 1)]


async def test_what_arrives_while_the_database_is_unavailable_is_kept_later(
    keeping: CheckpointKeeping, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, failures = CheckpointTable.keep, [ConnectionError("away"), ConnectionError("still away")]

    async def flaky(table: CheckpointTable, checkpoints: list[Received]) -> None:
        if failures:
            raise failures.pop()
        await keep(table, checkpoints)

    async def kept_sorted() -> list[tuple[int, int]]:
        return sorted(await kept(database))

    monkeypatch.setattr(CheckpointTable, "keep", flaky)
    async with running(keeping.run):
        for checkpoint in (announced(2), announced(1, second=9)):
            keeping.receive(checkpoint)
        await eventually(kept_sorted, [(1, 1), (2, 1)])


def test_repeated_announcements_are_no_contradiction() -> None:
    """A relay that starts again publishes the last ones again, in their order."""
    recollection = Recollection(None)
    deliveries = [announced(size) for size in range(1, 20)]
    assert {recollection.judge(read(each, now=START + timedelta(days=1)))[0] for each in deliveries} == {Verdict.NEW}
    assert {recollection.judge(read(each, now=START + timedelta(days=1)))[0] for each in deliveries} == {Verdict.REPEATED}
    # A process that has just started knows only the newest.
    started = Recollection(recollection.newest)
    assert {started.judge(read(each, now=START + timedelta(days=1)))[0] for each in deliveries} == {Verdict.REPEATED}


@pytest.mark.parametrize(
    "changes",
    [
        {"note": "garbage"},
        {"note": ""},
        {"tree_size": 8},
        {"tree_size": 0},
        {"root_hash": bytes(31)},
        {"origin": "other"},
        {"origin": ""},
    ],
)
def test_garbage_is_refused(changes: dict[str, object]) -> None:
    delivery = announced(7)
    for name, value in changes.items():
        setattr(delivery.message, name, value)
    with pytest.raises(NotCheckpoint):
        read(delivery, now=START + timedelta(days=1))


def test_a_checkpoint_of_the_future_is_refused() -> None:
    """Every later one would count as an announcement that came late."""
    minute = 60
    assert read(announced(7, second=5 * minute), now=START).size == 7
    with pytest.raises(NotCheckpoint, match="future"):
        read(announced(7, second=5 * minute + 1), now=START)


def test_a_note_may_have_extension_lines_and_further_signatures() -> None:
    delivery = announced(7)
    text_, signature = delivery.message.note.split("\n\n")
    delivery.message.note = f"{text_}\nextension\n\n\u2014 witness.example c2ln\n{signature}"
    with pytest.raises(NotCheckpoint):
        # The log signs first.
        read(delivery, now=START + timedelta(days=1))
    delivery.message.note = f"{text_}\nextension\n\n{signature}\u2014 witness.example c2ln\n"
    assert read(delivery, now=START + timedelta(days=1)).size == 7
