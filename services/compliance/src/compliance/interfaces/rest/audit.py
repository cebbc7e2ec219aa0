"""The audit log, its proofs, and the key to verify them by."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Path, Query

from chassis.rest import CursorPageOf, CursorPaging, Envelope, Public, Requires, Router, cursor_of, envelope
from compliance.application.queries import EntryFilter
from compliance.interfaces.rest.dependencies import App
from compliance.interfaces.rest.schemas import (
    CheckpointResponse,
    ConsistencyResponse,
    EntryResponse,
    KeyResponse,
    ProofBundleResponse,
    TrailResponse,
)
from kernel.errors import NotFound

audit = Router(prefix="/audit", tags=["audit"])

Sequence = Annotated[int, Path(ge=0, lt=2**63)]
Size = Annotated[int, Query(gt=0, lt=2**63)]
Word = Annotated[str | None, Query(min_length=1, max_length=100)]


@audit.get("/entries", dependencies=[Requires("audit:view")])
async def list_audit_entries(
    cursor: CursorPaging,
    app: App,
    actor_id: Word = None,
    resource_type: Word = None,
    resource_id: Word = None,
    action: Word = None,
    producer: Word = None,
    related_to: Word = None,
    since: datetime | None = None,
    until: datetime | None = None,
    sort: Literal["sequence", "-sequence"] = "-sequence",
) -> Envelope[CursorPageOf[EntryResponse]]:
    """Page through the log, newest first unless sorted by `sequence`; every filter given must hold."""
    wanted = EntryFilter(
        actor_id=actor_id,
        resource_type=resource_type,
        resource_id=resource_id,
        action=action,
        producer=producer,
        related_to=related_to,
        since=since,
        until=until,
        oldest_first=sort == "sequence",
    )
    return cursor_of(await app.queries.entries(wanted, cursor), EntryResponse.of)


@audit.get("/entries/{sequence}", dependencies=[Requires("audit:view")])
async def get_audit_entry(sequence: Sequence, app: App) -> Envelope[EntryResponse]:
    """Read one entry."""
    entry = await app.queries.entry(sequence)
    if entry is None:
        raise NotFound(sequence=sequence)
    return envelope(EntryResponse.of(entry))


@audit.get("/entries/{sequence}/proof", dependencies=[Requires("audit:view")])
async def get_inclusion_proof(sequence: Sequence, app: App) -> Envelope[ProofBundleResponse]:
    """Prove that the entry is in the log: all that an offline verifier needs, under the latest signed checkpoint."""
    return envelope(ProofBundleResponse.of(await app.prove.inclusion(sequence)))


@audit.get("/trails/{resource_id}", dependencies=[Requires("audit:view")])
async def get_audit_trail(resource_id: Annotated[str, Path(max_length=100)], app: App) -> Envelope[TrailResponse]:
    """Read everything about a resource and those it concerns, across all services, in the log's order."""
    return envelope(TrailResponse(items=[EntryResponse.of(entry) for entry in await app.read_trail(resource_id)]))


@audit.get("/checkpoint", dependencies=[Requires("audit:view")])
async def get_checkpoint(app: App) -> Envelope[CheckpointResponse]:
    """Read the latest signed checkpoint. Keep it: consistency with it proves later that nothing was rewritten."""
    checkpoint = await app.queries.latest_checkpoint()
    if checkpoint is None:
        raise NotFound(checkpoint="none has been signed yet")
    return envelope(CheckpointResponse.of(checkpoint))


@audit.get("/consistency", dependencies=[Requires("audit:view")])
async def get_consistency_proof(first: Size, second: Size, app: App) -> Envelope[ConsistencyResponse]:
    """Prove that the log at one signed checkpoint is the beginning of the log at another; sizes name the checkpoints."""
    return envelope(ConsistencyResponse.of(await app.prove.consistency(first, second)))


@audit.get("/key", dependencies=[Public])
async def get_log_key(app: App) -> Envelope[KeyResponse]:
    """Read the key that verifies the log's checkpoints."""
    return envelope(KeyResponse(origin=app.key.name, key=app.key.text))
