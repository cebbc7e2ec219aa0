from dataclasses import dataclass

from governance.application.golden_decisions import audit
from governance.application.ports.transaction import UnitOfWork
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound, StaleVersion


@dataclass(frozen=True, slots=True)
class RemoveGoldenDecision:
    """Remove a golden decision: changes of policies may alter it again. Raise NotFound or StaleVersion."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, name: str, version: int | None, reason: str) -> None:
        async with self.uow.begin(actor) as tx:
            golden = await tx.golden_decisions.lock(name)
            if golden is None:
                raise NotFound(golden_decision=name)
            if version is not None and golden.version != version:
                raise StaleVersion(field="If-Match", golden_decision=name, version=golden.version)
            audited, at = audit.GOLDEN_DECISION, self.clock.now()
            tx.record(audited.fact(golden, "remove", at=at, before=audited.state(golden), reason=reason))
            await tx.golden_decisions.remove(golden)
