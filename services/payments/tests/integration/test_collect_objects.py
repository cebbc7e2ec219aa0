"""Files that nothing refers to are removed after a day, and never a file that a request is about to refer to."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from chassis.objects.claims_table import HOLD
from chassis.objects.configured import object_store
from chassis.objects.object_storage import ObjectStorage
from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from chassis.testing.objects import HeldUpload
from kernel.objects import ObjectsUnavailable
from payments.application.bulk_transfers.collect_objects import UNUSED_AGE, CollectObjects
from payments.infrastructure.sql.bulk_transfers import object_claims
from payments.settings import PaymentsSettings

A, B = HeldUpload(b"a"), HeldUpload(b"b")


class Collected:
    """Files, their record, and the job that removes unused ones."""

    def __init__(self, database: Database, clock: ControlledClock, folder: Path) -> None:
        self.database, self.clock = database, clock
        self.claims = object_claims(database)
        self.objects = object_store(PaymentsSettings(objects_url=folder.as_uri()))

    async def keep(self, *uploads: HeldUpload) -> None:
        for upload in uploads:
            await self.claims.claim(upload.file, at=self.clock.now())
            await self.objects.put(upload)

    async def collect(self, objects: ObjectStorage | None = None) -> int:
        return await CollectObjects(claims=self.claims, objects=objects or self.objects, clock=self.clock)()

    async def kept(self) -> tuple[set[str], set[str]]:
        """Return the digests in the store, and those in the record."""
        stored = {digest async for some in self.objects.stored() for digest in some}
        async with self.database.read() as connection:
            recorded = {bytes(digest).hex() for digest in await connection.scalars(text("SELECT digest FROM objects"))}
        return stored, recorded


@pytest.fixture
def collected(database: Database, clock: ControlledClock, tmp_path: Path) -> Collected:
    return Collected(database, clock, tmp_path)


async def test_an_unused_file_is_removed_after_a_day(collected: Collected) -> None:
    await collected.keep(A)
    collected.clock.advance(seconds=UNUSED_AGE.total_seconds())
    assert await collected.collect() == 0
    collected.clock.advance(seconds=1)
    assert await collected.collect() == 1
    assert await collected.kept() == (set(), set())
    assert await collected.collect() == 0


async def test_a_file_that_is_submitted_again_stays_a_day_longer(collected: Collected) -> None:
    await collected.keep(A, B)
    collected.clock.advance(seconds=UNUSED_AGE.total_seconds())
    await collected.keep(A)
    collected.clock.advance(seconds=1)
    assert await collected.collect() == 1
    assert await collected.kept() == ({A.file.digest}, {A.file.digest})


async def test_a_claim_without_a_file_is_removed_too(collected: Collected) -> None:
    await collected.claims.claim(A.file, at=collected.clock.now())
    collected.clock.advance(days=2)
    assert await collected.collect() == 1
    assert await collected.kept() == (set(), set())


async def test_a_file_that_is_being_removed_cannot_be_claimed_until_it_is_gone(collected: Collected) -> None:
    class Away(ObjectStorage):
        def __init__(self) -> None:
            """Have no store."""

        async def remove(self, digest: str) -> None:
            raise ObjectsUnavailable(digest=digest)

        async def remove_fragments(self, **_: object) -> int:
            return 0

    await collected.keep(A)
    collected.clock.advance(days=2)
    with pytest.raises(ObjectsUnavailable):
        await collected.collect(Away())
    with pytest.raises(ObjectsUnavailable):
        await collected.keep(A)
    # The next run completes it, and then the same bytes can be stored again.
    assert await collected.collect() == 1
    await collected.keep(A)
    assert await collected.kept() == ({A.file.digest}, {A.file.digest})


async def test_two_runs_at_once_remove_each_file(collected: Collected) -> None:
    uploads = [HeldUpload(bytes([number])) for number in range(20)]
    await collected.keep(*uploads)
    collected.clock.advance(days=2)
    await asyncio.gather(collected.collect(), collected.collect())
    await collected.collect()
    assert await collected.kept() == (set(), set())


async def test_a_file_that_a_transaction_is_about_to_refer_to_is_passed_over(collected: Collected) -> None:
    await collected.keep(A, B)
    collected.clock.advance(days=2)
    async with collected.database.engine.begin() as connection:
        assert (await connection.execute(HOLD, {"digest": bytes.fromhex(A.file.digest)})).one_or_none()
        assert await collected.collect() == 1
        assert await collected.kept() == ({A.file.digest}, {A.file.digest})
    # It did not refer to it after all.
    assert await collected.collect() == 1


async def test_a_transaction_cannot_refer_to_a_file_that_is_being_removed(collected: Collected) -> None:
    await collected.keep(A)
    collected.clock.advance(days=2)
    assert await collected.claims.take_unused(claimed_before=collected.clock.now(), limit=10) == [A.file.digest]
    async with collected.database.engine.begin() as connection:
        assert (await connection.execute(HOLD, {"digest": bytes.fromhex(A.file.digest)})).one_or_none() is None
