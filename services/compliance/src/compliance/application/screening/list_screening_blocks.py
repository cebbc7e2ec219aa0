from dataclasses import dataclass

from compliance.application.screening.views import BlockView, ScreeningViews
from kernel.actor import Actor
from kernel.pages import Page, PageRequest
from kernel.reads import ReadOfOthers, Reads, given


@dataclass(frozen=True, slots=True)
class ListScreeningBlocks:
    """Page through blocks. This is a search over users and their wallets, so it is recorded."""

    views: ScreeningViews
    reads: Reads

    async def __call__(self, *, actor: Actor, standing: bool | None, page: PageRequest, reason: str) -> Page[BlockView]:
        blocks = await self.views.blocks(standing=standing, page=page)
        read = ReadOfOthers(
            action="compliance.screening_block.search",
            owners=[block.subject_id for block in blocks.items],
            filters=given(standing=standing),
            shown=len(blocks.items),
            reason=reason,
        )
        await self.reads.record(actor, read)
        return blocks
