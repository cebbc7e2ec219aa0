"""The response of a dry run of a file."""

from typing import Final, Literal, Self
from uuid import UUID

from pydantic import Field

from chassis.rest import ResponseModel
from kernel.money import Money
from payments.application.bulk_transfers.bulk_rehearsal import BulkRehearsal, RunRehearsal
from payments.domain.bulk import BulkStatus, LineOutcome, LineStatus
from payments.domain.bulk_file import BulkFile, BulkMode
from payments.interfaces.rest.schemas.needs import OrderNeedsResponse
from payments.interfaces.rest.schemas.refusals import LimitLeftResponse, RehearsedRefusalResponse

# The refused lines that are listed; the counts are of all lines.
REFUSED_MAX: Final = 100


class RehearsedRefusedLineResponse(ResponseModel):
    number: int = Field(examples=[7])
    target_wallet_id: UUID
    amount: str = Field(examples=["8250.00"])
    code: str = Field(examples=["PAY_001"])
    error: str = Field(examples=["The wallet's available balance is too low."])

    @classmethod
    def of(cls, outcome: LineOutcome, file: BulkFile) -> Self:
        line = file.lines[outcome.number - 1]
        return cls(
            number=outcome.number,
            target_wallet_id=line.target_id,
            amount=line.amount.text,
            code=outcome.code,
            error=outcome.message,
        )


class RehearsedRunResponse(ResponseModel):
    """The result if the file ran now. `settled`, `refused` and `not_run` count the lines.

    `refused_lines` lists the first 100; for an `all_or_nothing` file it lists the line that prevents the others.
    `limits_left` is what the payer could still move afterwards.
    """

    status: BulkStatus = Field(examples=["partly_completed"])
    settled: int
    refused: int
    not_run: int
    refused_lines: list[RehearsedRefusedLineResponse]
    limits_left: list[LimitLeftResponse]
    screening: Literal["clear", "refused"] | None

    @classmethod
    def of(cls, run: RunRehearsal, file: BulkFile) -> Self:
        refused = [outcome for outcome in run.outcomes if outcome.status is LineStatus.REFUSED]
        return cls(
            status=run.bulk.status,
            settled=run.bulk.settled,
            refused=run.bulk.refused,
            not_run=run.bulk.not_run,
            refused_lines=[RehearsedRefusedLineResponse.of(outcome, file) for outcome in refused[:REFUSED_MAX]],
            limits_left=[LimitLeftResponse.of(left) for left in run.limits],
            screening=run.screening,
        )


class BulkRehearsalResponse(ResponseModel):
    """The response that the file would get now. Nothing was written, and its Idempotency-Key stays unused.

    `outcome` is `accepted`, `replayed` (an earlier file, `bulk_id`, has this key) or `refused`. The first of `refusals` is the
    error that would be returned; `status` is the first status of an accepted file. `fee_total` is the fees of all lines at
    current prices. `run` is null if the file would not run, or if a service that it needs is unavailable.
    """

    outcome: Literal["accepted", "replayed", "refused"]
    status: BulkStatus | None = Field(examples=["accepted"])
    bulk_id: UUID | None
    source_wallet_id: UUID
    currency: str
    mode: BulkMode
    lines_total: int = Field(examples=[240])
    amount_total: str = Field(examples=["1980000.00"])
    fee_total: str | None = Field(examples=["480.00"])
    total: str | None = Field(description="The debit of the payer's wallet if every line is settled", examples=["1980480.00"])
    needs: OrderNeedsResponse
    refusals: list[RehearsedRefusalResponse]
    run: RehearsedRunResponse | None

    @classmethod
    def of(cls, rehearsal: BulkRehearsal) -> Self:
        file, bulk, run = rehearsal.file, rehearsal.bulk, rehearsal.run
        refusals = [RehearsedRefusalResponse.of(refusal) for refusal in rehearsal.refusals]
        outcome: Literal["accepted", "refused"] = "refused" if refusals else "accepted"
        fees: Money | None = run.fees if run else None
        return cls(
            outcome="replayed" if rehearsal.replayed else outcome,
            status=bulk.status if bulk and not refusals else None,
            bulk_id=bulk.id if bulk and rehearsal.replayed else None,
            source_wallet_id=file.source_id,
            currency=file.currency,
            mode=file.mode,
            lines_total=len(file.lines),
            amount_total=rehearsal.total.text,
            fee_total=fees.text if fees else None,
            total=(rehearsal.total + fees).text if fees else None,
            needs=OrderNeedsResponse.of(rehearsal.needs),
            refusals=refusals,
            run=RehearsedRunResponse.of(run, file) if run else None,
        )
