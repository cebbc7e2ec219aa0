"""Routes for screening blocks."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from chassis.rest import CurrentActor, Envelope, PageOf, Paging, ReadReason, Requires, Router, envelope, page_of
from compliance.interfaces.rest.dependencies import App
from compliance.interfaces.rest.schemas.screening import ScreeningBlockRequest, ScreeningBlockResponse
from kernel.assurance import RECENT
from kernel.reads import SEARCH

screening = Router(prefix="/screening", tags=["screening"])


@screening.get("/blocks", dependencies=[Requires("policy:manage")], reads=SEARCH)
async def list_screening_blocks(
    actor: CurrentActor, paging: Paging, reason: ReadReason, app: App, standing: Annotated[bool | None, Query()] = None
) -> Envelope[PageOf[ScreeningBlockResponse]]:
    """List screening blocks, newest first, optionally only active or only lifted ones.

    The read requires a reason and is recorded.
    """
    blocks = await app.screening.list_screening_blocks(actor=actor, standing=standing, page=paging, reason=reason)
    return page_of(blocks, ScreeningBlockResponse.of)


@screening.post("/blocks", status_code=201, dependencies=[Requires("policy:manage")], assurance=RECENT)
async def place_screening_block(body: ScreeningBlockRequest, actor: CurrentActor, app: App) -> Envelope[ScreeningBlockResponse]:
    """Block the money of a user or wallet, from the next screening on."""
    block = await app.screening.place_screening_block(actor=actor, subject_id=body.subject_id, reason=body.reason)
    return envelope(ScreeningBlockResponse.of(block))


@screening.delete("/blocks/{block_id}", dependencies=[Requires("policy:manage")], assurance=RECENT)
async def lift_screening_block(block_id: UUID, actor: CurrentActor, app: App) -> Envelope[ScreeningBlockResponse]:
    """Lift a screening block, so that money can move again. The block stays on record."""
    block = await app.screening.lift_screening_block(actor=actor, block_id=block_id)
    return envelope(ScreeningBlockResponse.of(block))
