"""Statements and exports as documents."""

from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import Query, Response
from fastapi.responses import StreamingResponse

from chassis.files import CSV, PARQUET, PDF, XLSX, TableFormat, file_responses, media_type_of, written
from chassis.rest import Authenticated, CurrentActor, Envelope, Moment, ReadReasonOfOthers, Router, attachment, envelope
from kernel.reads import OTHERS, OWN
from payments.interfaces.documents.statement_pdf import statement_pdf
from payments.interfaces.documents.statement_table import statement_table
from payments.interfaces.documents.transfers_table import transfers_table
from payments.interfaces.rest.dependencies import App, HistoryQuery
from payments.interfaces.rest.schemas.statements import StatementResponse

statements = Router(tags=["statements"])
# Ten million rows.
EXPORT_SECONDS_MAX: Final = 1800.0
_ROWS_A_READ: Final = 500


@statements.get(
    "/wallets/{wallet_id}/statement",
    dependencies=[Authenticated],
    response_model=Envelope[StatementResponse],
    responses=file_responses(CSV, XLSX, PARQUET, PDF),
    reads=OTHERS,
    seconds=9.0,
)
async def get_statement(  # each is of the path or the query string
    wallet_id: UUID,
    actor: CurrentActor,
    app: App,
    since: Annotated[Moment, Query(examples=["2026-03-01T00:00:00Z"])],
    until: Annotated[Moment, Query(examples=["2026-04-01T00:00:00Z"])],
    format: Annotated[Literal["json", "csv", "xlsx", "parquet", "pdf"], Query()] = "json",  # noqa: A002  # the parameter's name
    reason: ReadReasonOfOthers = None,
) -> Envelope[StatementResponse] | Response:
    """Get the statement of a wallet: its opening balance, its postings, and its closing balance."""
    made = await app.statements.get_statement(actor=actor, wallet_id=wallet_id, since=since, until=until, reason=reason)
    name = f"statement-{wallet_id}-{since:%Y%m%d}-{until:%Y%m%d}"
    if format == "json":
        return envelope(StatementResponse.of(made.statement))
    if format == "pdf":
        document = await statement_pdf(made.statement, made_at=made.made_at)
        return Response(document, headers={"content-disposition": attachment(f"{name}.pdf")}, media_type=PDF)
    document = b"".join([chunk async for chunk in written(statement_table(made.statement), format)])
    return Response(document, headers={"content-disposition": attachment(f"{name}.{format}")}, media_type=media_type_of(format))


@statements.get(
    "/transfers/export",
    dependencies=[Authenticated],
    responses=file_responses(CSV, XLSX, PARQUET),
    reads=OWN,
    stream_seconds=EXPORT_SECONDS_MAX,
)
async def export_transfers(
    actor: CurrentActor,
    app: App,
    wanted: HistoryQuery,
    format: Annotated[TableFormat, Query()] = "csv",  # noqa: A002
) -> StreamingResponse:
    """Export all transfers that match the filters, newest first, without a limit on their number.

    Each row is the movement on one of the caller's wallets; a transfer between two of them has two rows.
    """
    batches = app.statements.export_transfers(actor=actor, wanted=wanted, batch=_ROWS_A_READ)
    file = written(transfers_table(batches), format)
    return StreamingResponse(
        file, media_type=media_type_of(format), headers={"content-disposition": attachment(f"transfers.{format}")}
    )
