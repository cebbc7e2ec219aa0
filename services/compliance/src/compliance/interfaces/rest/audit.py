"""Routes for the audit log, its proofs and its public key."""

from dataclasses import replace
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import Depends, Path, Query
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator

from chassis.files import CSV, XLSX, file_responses, media_type_of, written
from chassis.rest import (
    ONE_LINE,
    CurrentActor,
    CursorPageOf,
    CursorPaging,
    Envelope,
    Moment,
    Public,
    ReadReason,
    ReadReasonOfOthers,
    Requires,
    Router,
    attachment,
    cursor_of,
    envelope,
)
from compliance.application.audit.views import EntryFilter, MissingFactFilter
from compliance.application.decisions.views import DecisionFilter
from compliance.interfaces.documents.entries_table import entries_table
from compliance.interfaces.rest.dependencies import App
from compliance.interfaces.rest.schemas.audit import (
    AuditEntryResponse,
    AuditProducerResponse,
    AuditTrailResponse,
    CheckpointResponse,
    ConsistencyProofResponse,
    LogKeyResponse,
    MissingFactResponse,
    ProofBundleResponse,
)
from compliance.interfaces.rest.schemas.policy_decision import PolicyDecisionResponse
from kernel.reads import NOBODY, OTHERS, SEARCH

audit = Router(prefix="/audit", tags=["audit"])
EXPORT_SECONDS_MAX: Final = 600.0
# One fact on record for each.
_ENTRIES_A_READ: Final = 250


def _in_the_log(place: int | UUID) -> int | UUID:
    if isinstance(place, int) and not 0 <= place < 2**63:
        raise ValueError("a sequence is at least 0 and below 2**63")
    return place


Place = Annotated[int | UUID, Path(description="The entry's sequence, or the id of its fact"), AfterValidator(_in_the_log)]
Producer = Literal["identity", "payments", "governance", "compliance"]
Word = Annotated[str | None, Query(min_length=1, max_length=200), ONE_LINE]


async def _filter(  # each is a filter of the query string
    *,
    actor_id: Word = None,
    resource_type: Word = None,
    resource_id: Word = None,
    action: Word = None,
    producer: Word = None,
    organization_id: Annotated[UUID | None, Query(description="The organization for which the actor acted")] = None,
    related_to: Word = None,
    since: Annotated[Moment | None, Query(alias="from", description="Occurred at this time or later")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Occurred before this time")] = None,
) -> EntryFilter:
    return EntryFilter(
        actor_id=actor_id,
        resource_type=resource_type,
        resource_id=resource_id,
        action=action,
        producer=producer,
        organization_id=organization_id,
        related_to=related_to,
        since=since,
        until=until,
    )


EntryQuery = Annotated[EntryFilter, Depends(_filter)]


@audit.get("/entries", dependencies=[Requires("audit:view")], reads=SEARCH)
async def list_audit_entries(
    actor: CurrentActor,
    cursor: CursorPaging,
    app: App,
    wanted: EntryQuery,
    sort: Literal["sequence", "-sequence"] = "-sequence",
    reason: ReadReasonOfOthers = None,
) -> Envelope[CursorPageOf[AuditEntryResponse]]:
    """Search the audit log, newest first unless sorted by `sequence`. An entry must match all given filters.

    A search requires a reason, unless it is limited to the caller's own acts or to one resource (`resource_id`) that is not a
    user. The search is recorded in the audit log, under each user that the entries are about.
    """
    sorted_ = replace(wanted, oldest_first=sort == "sequence")
    page = await app.audit.list_audit_entries(actor=actor, wanted=sorted_, cursor=cursor, reason=reason)
    return cursor_of(page, AuditEntryResponse.of)


@audit.get(
    "/entries/export",
    dependencies=[Requires("audit:view")],
    responses=file_responses(CSV, XLSX),
    reads=SEARCH,
    stream_seconds=EXPORT_SECONDS_MAX,
)
async def export_audit_entries(
    actor: CurrentActor,
    app: App,
    wanted: EntryQuery,
    format: Annotated[Literal["csv", "xlsx"], Query()] = "csv",  # noqa: A002  # the parameter's name
    reason: ReadReasonOfOthers = None,
) -> StreamingResponse:
    """Export all entries that match the filters, newest first, at most 100,000.

    An export requires a reason as a search does, and is recorded in the audit log: each batch of entries before it is sent, under
    each user that its entries are about.
    """
    batches = await app.audit.export_audit_entries(actor=actor, wanted=wanted, batch=_ENTRIES_A_READ, reason=reason)
    headers = {"content-disposition": attachment(f"audit-entries.{format}")}
    return StreamingResponse(written(entries_table(batches), format), media_type=media_type_of(format), headers=headers)


@audit.get("/entries/{place}", dependencies=[Requires("audit:view")], reads=OTHERS)
async def get_audit_entry(place: Place, actor: CurrentActor, app: App) -> Envelope[AuditEntryResponse]:
    """Get one entry. Reading another user's act is recorded in the audit log, under each user that the entry is about."""
    return envelope(AuditEntryResponse.of(await app.audit.get_audit_entry(actor=actor, place=place)))


@audit.get("/entries/{place}/proof", dependencies=[Requires("audit:view")], reads=OTHERS)
async def get_inclusion_proof(
    place: Place, actor: CurrentActor, app: App, tree_size: Annotated[int | None, Query(gt=0, lt=2**63)] = None
) -> Envelope[ProofBundleResponse]:
    """Get a proof that the entry is in the log, with all that an offline verifier needs.

    The proof is under the latest signed checkpoint, or the one of size `tree_size`. Returns 409 `CMP_002` until a checkpoint
    covers the entry, usually within a second.
    """
    proof = await app.audit.get_inclusion_proof(actor=actor, place=place, tree_size=tree_size)
    return envelope(ProofBundleResponse.of(proof))


@audit.get("/trails/{resource_id}", dependencies=[Requires("audit:view")], reads=SEARCH)
async def get_audit_trail(
    resource_id: Annotated[str, Path(max_length=200), ONE_LINE],
    actor: CurrentActor,
    app: App,
    reason: ReadReasonOfOthers = None,
) -> Envelope[AuditTrailResponse]:
    """Get all entries about a resource and its parties, across all services, in the log's order.

    Requires a reason unless the trail is only about the caller. The read is recorded under each user in the trail, unless the
    caller reads the trail of their own id.
    """
    trail = await app.audit.get_audit_trail(actor=actor, resource_id=resource_id, reason=reason)
    return envelope(AuditTrailResponse.of(trail))


@audit.get("/checkpoint", dependencies=[Requires("audit:view")], reads=NOBODY)
async def get_checkpoint(app: App) -> Envelope[CheckpointResponse]:
    """Get the latest signed checkpoint. Store it: a consistency proof from it shows later that nothing was rewritten."""
    return envelope(CheckpointResponse.of(await app.audit.get_checkpoint()))


@audit.get("/consistency", dependencies=[Requires("audit:view")], reads=NOBODY)
async def get_consistency_proof(
    first: Annotated[int, Query(alias="from", gt=0, lt=2**63, description="The size of a signed checkpoint")],
    second: Annotated[int, Query(alias="to", gt=0, lt=2**63, description="The size of another signed checkpoint")],
    app: App,
) -> Envelope[ConsistencyProofResponse]:
    """Get a proof that the log at the smaller checkpoint is the beginning of the log at the larger one."""
    return envelope(ConsistencyProofResponse.of(await app.audit.get_consistency_proof(first=first, second=second)))


@audit.get("/producers", dependencies=[Requires("audit:view")], reads=NOBODY)
async def list_audit_producers(app: App) -> Envelope[list[AuditProducerResponse]]:
    """List the services that record audit facts, and whether the log has all of their facts.

    Each service numbers its facts in a journal, which is compared with the log every few seconds. `status` is `complete`;
    `incomplete` if there are open findings; or `unknown` if the journal was not compared to its end within the last minute.
    """
    return envelope([AuditProducerResponse.of(state) for state in await app.audit.list_audit_producers()])


@audit.get("/missing-facts", dependencies=[Requires("audit:view")], reads=NOBODY)
async def list_missing_facts(
    cursor: CursorPaging,
    app: App,
    producer: Annotated[Producer | None, Query(description="Only findings about this service")] = None,
    status: Annotated[Literal["open", "resolved"] | None, Query(description="Only open findings, or only resolved ones")] = None,
) -> Envelope[CursorPageOf[MissingFactResponse]]:
    """List facts that are missing in the log, and other contradictions between the log and a service's journal, newest first.

    A finding has no content of the fact. It is resolved when the fact arrives, and is never deleted.
    """
    wanted = MissingFactFilter(producer=producer, is_open=None if status is None else status == "open")
    page = await app.audit.list_missing_facts(wanted=wanted, cursor=cursor)
    return cursor_of(page, MissingFactResponse.of)


@audit.get("/decisions", dependencies=[Requires("audit:view")], reads=SEARCH)
async def list_policy_decisions(  # each is a filter of the query string
    *,
    actor: CurrentActor,
    cursor: CursorPaging,
    app: App,
    reason: ReadReason,
    principal_id: Annotated[Word, Query(description="Who asked")] = None,
    permission: Word = None,
    allowed: bool | None = None,
    policy: Annotated[Word, Query(description="A policy that decided")] = None,
    shadow_policy: Annotated[Word, Query(description="A policy in shadow that would have denied it")] = None,
    since: Annotated[Moment | None, Query(alias="from", description="Decided at this time or later")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Decided before this time")] = None,
) -> Envelope[CursorPageOf[PolicyDecisionResponse]]:
    """Search the decisions of policies in all services, newest first: who was allowed or denied what, by which policies, and why.

    All denials are here, and those that policies in shadow would have denied, but only a sample of the other permitted requests.
    Decisions are kept for 30 days. The search is recorded in the audit log, under each user whose decisions are shown.
    """
    wanted = DecisionFilter(
        principal_id=principal_id,
        permissions=[permission] if permission else None,
        allowed=allowed,
        policy=policy,
        shadow_policy=shadow_policy,
        since=since,
        until=until,
    )
    page = await app.audit.list_policy_decisions(actor=actor, wanted=wanted, cursor=cursor, reason=reason)
    return cursor_of(page, PolicyDecisionResponse.of)


@audit.get("/key", dependencies=[Public], reads=NOBODY)
async def get_log_key(app: App) -> Envelope[LogKeyResponse]:
    """Get the public key that verifies the log's checkpoints."""
    return envelope(LogKeyResponse.of(await app.audit.get_log_key()))
