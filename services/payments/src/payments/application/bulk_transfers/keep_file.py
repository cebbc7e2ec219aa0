from dataclasses import dataclass

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.objects import MalwareFound, ObjectClaims, ObjectStore, Scanner, Upload
from payments.application.bulk_transfers import audit
from payments.application.ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class KeepFile:
    """Scan a submitted file and store it, before the transaction that refers to it."""

    uow: UnitOfWork
    scanner: Scanner
    claims: ObjectClaims
    objects: ObjectStore
    clock: Clock

    async def __call__(self, *, actor: Actor, upload: Upload) -> None:
        """Raise MalwareFound, or ObjectsUnavailable if it cannot be scanned or stored now."""
        if malware := await self.scanner.find_malware(upload):
            async with self.uow.begin(actor) as tx:
                tx.record(audit.infected(upload.file, malware, at=self.clock.now()))
            raise MalwareFound(digest=upload.file.digest)
        await self.claims.claim(upload.file, at=self.clock.now())
        await self.objects.put(upload)
