"""Statements and exports as documents."""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import Query, Response
from fastapi.responses import StreamingResponse

from chassis.rest import Authenticated, CurrentActor, Envelope, Moment, ReadReasonOfOthers, Router, envelope
from kernel.reads import OTHERS, OWN
from payments.interfaces.documents.statement_csv import statement_csv
from payments.interfaces.documents.statement_pdf import statement_pdf
from payments.interfaces.documents.transfers_csv import transfers_csv
from payments.interfaces.documents.transfers_parquet import transfers_parquet
from payments.interfaces.rest.dependencies import App, HistoryQuery
from payments.interfaces.rest.schemas.statements import StatementResponse

statements = Router(tags=["statements"])
_CSV, _PDF, _PARQUET = "text/csv; charset=utf-8", "application/pdf", "application/vnd.apache.parquet"
# Ten million rows.
EXPORT_SECONDS_MAX: Final = 1800.0
# Writing a row takes about 0.1 ms and blocks the process.
_ROWS_A_READ: Final = 500


def documents(*media_types: str) -> dict[int | str, dict[str, Any]]:
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {200: {"content": {media_type.partition(";")[0]: binary for media_type in media_types}}}


@statements.get(
    "/wallets/{wallet_id}/statement",
    dependencies=[Authenticated],
    response_model=Envelope[StatementResponse],
    responses=documents(_CSV, _PDF),
    reads=OTHERS,
    seconds=9.0,
)
async def get_statement(  # each is of the path or the query string
    wallet_id: UUID,
    actor: CurrentActor,
    app: App,
    since: Annotated[Moment, Query(examples=["2026-03-01T00:00:00Z"])],
    until: Annotated[Moment, Query(examples=["2026-04-01T00:00:00Z"])],
    format: Annotated[Literal["json", "csv", "pdf"], Query()] = "json",  # noqa: A002  # the parameter's name
    reason: ReadReasonOfOthers = None,
) -> Envelope[StatementResponse] | Response:
    """Get the statement of a wallet: its opening balance, its postings, and its closing balance."""
    made = await app.statements.get_statement(actor=actor, wallet_id=wallet_id, since=since, until=until, reason=reason)
    name = f"statement-{wallet_id}-{since:%Y%m%d}-{until:%Y%m%d}"
    if format == "csv":
        return Response(b"".join(statement_csv(made.statement)), headers=attached(f"{name}.csv"), media_type=_CSV)
    if format == "pdf":
        document = await statement_pdf(made.statement, made_at=made.made_at)
        return Response(document, headers=attached(f"{name}.pdf"), media_type=_PDF)
    return envelope(StatementResponse.of(made.statement))


@statements.get(
    "/transfers/export",
    dependencies=[Authenticated],
    responses=documents(_CSV, _PARQUET),
    reads=OWN,
    stream_seconds=EXPORT_SECONDS_MAX,
)
async def export_transfers(
    actor: CurrentActor,
    app: App,
    wanted: HistoryQuery,
    format: Annotated[Literal["csv", "parquet"], Query()] = "csv",  # noqa: A002
) -> StreamingResponse:
    """Export all transfers that match the filters, newest first, without a limit on their number.

    Each row is the movement on one of the caller's wallets; a transfer between two of them has two rows.
    """
    batches = app.statements.export_transfers(actor=actor, wanted=wanted, batch=_ROWS_A_READ)
    if format == "parquet":
        return StreamingResponse(transfers_parquet(batches), media_type=_PARQUET, headers=attached("transfers.parquet"))
    return StreamingResponse(transfers_csv(batches), media_type=_CSV, headers=attached("transfers.csv"))


def attached(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}"'}
