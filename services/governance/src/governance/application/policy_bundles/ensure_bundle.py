from dataclasses import dataclass

from governance.application.policy_bundles.publish_bundle import PublishBundle
from governance.application.ports.transaction import UnitOfWork
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class EnsureBundle:
    """Publish a bundle at start if there is none, or if this release compiles the same roles differently."""

    uow: UnitOfWork
    publish_bundle: PublishBundle

    async def __call__(self, *, actor: Actor) -> None:
        async with self.uow.begin(actor) as tx:
            await self.publish_bundle(tx=tx, latest=await tx.bundles.lock_latest(), actor=actor)
