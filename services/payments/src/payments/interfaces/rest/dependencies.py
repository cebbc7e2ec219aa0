"""The dependencies of the routes."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Query, Request

from chassis.rest import ONE_LINE, AmountText, Moment, Requires, Scope
from kernel.money import Money
from payments.application import Payments
from payments.application.transfers.views import HistoryFilter
from payments.domain.transfer import TransferStatus
from payments.domain.transfer_order import TransferKind


def application(request: Request) -> Payments:
    app: Payments = request.app.state.application
    return app


App = Annotated[Payments, Depends(application)]

# Operations on the caller's own money, or on that of the organization that the session acts for.
PAYS: Final = Requires("payment:create", within=Scope.ORGANIZATION)
# Operations on others' payments. The use case asks whether the caller may approve what the paying organization pays.
APPROVES: Final = Requires("payment:approve", within=Scope.RESOURCE)

_AMOUNT = "Amount in units of the currency, such as 250.00"


async def _history(  # each is a filter of the query string
    *,
    wallet_id: UUID | None = None,
    counterparty_id: UUID | None = None,
    status: TransferStatus | None = None,
    kind: TransferKind | None = None,
    currency: Annotated[str | None, Query(pattern=r"^[A-Z]{3}$")] = None,
    amount_min: Annotated[AmountText | None, Query(description=_AMOUNT)] = None,
    amount_max: Annotated[AmountText | None, Query(description=_AMOUNT)] = None,
    since: Annotated[Moment | None, Query(description="Created at or after")] = None,
    until: Annotated[Moment | None, Query(description="Created before")] = None,
    settled_since: Annotated[Moment | None, Query(description="Settled (money moved) at or after")] = None,
    settled_until: Annotated[Moment | None, Query(description="Settled before")] = None,
    reference: Annotated[
        str | None, Query(min_length=1, max_length=64, description="The exact, complete reference"), ONE_LINE
    ] = None,
    text: Annotated[
        str | None, Query(min_length=2, max_length=64, description="Text to find in description or reference"), ONE_LINE
    ] = None,
) -> HistoryFilter:
    return HistoryFilter(
        wallet_id=wallet_id,
        counterparty_id=counterparty_id,
        status=status,
        kind=kind,
        currency=currency,
        # The filter names no currency. ELC has the most decimals of all currencies, so it is the bound.
        amount_min=Money.of(amount_min, "ELC", field="amount_min").amount if amount_min is not None else None,
        amount_max=Money.of(amount_max, "ELC", field="amount_max").amount if amount_max is not None else None,
        since=since,
        until=until,
        settled_since=settled_since,
        settled_until=settled_until,
        reference=reference,
        text=text,
    )


# What a caller who approves payments of an organization lists; others list everything.
PayingOrganization = Annotated[UUID | None, Query(description="Only what this organization pays")]

HistoryQuery = Annotated[HistoryFilter, Depends(_history)]
