from dataclasses import dataclass

from governance.application.policies.writing import PolicyDraft, WritePolicyText
from governance.application.ports.transaction import UnitOfWork
from governance.domain.policy import PolicyText
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class PreviewPolicy:
    """Check a draft, and return its sentence and its Cedar text. Nothing is stored."""

    uow: UnitOfWork
    write: WritePolicyText

    async def __call__(self, *, actor: Actor, draft: PolicyDraft) -> PolicyText:
        """Raise NotFound for an unknown template, or InvalidValues, which says where the draft is wrong."""
        async with self.uow.reading(actor) as tx:
            return await self.write(tx, draft)
