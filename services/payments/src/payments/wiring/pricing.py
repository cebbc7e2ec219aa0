"""Fees, rates and limits on their ports."""

from payments.application.pricing import Pricing
from payments.infrastructure.queries.pricing import SqlPricingQueries
from payments.infrastructure.sql.bulk_transfers import SqlBulkViews
from payments.wiring.dependencies import Dependencies, pricing_unit_of_work


def pricing(given: Dependencies) -> Pricing:
    return Pricing.of(
        uow=pricing_unit_of_work(given.database),
        ledger=given.uow,
        policy=given.settings.payer_policy,
        prices=given.prices,
        approvals=given.approvals,
        wallets=SqlBulkViews(given.database),
        screening=given.screening,
        queries=SqlPricingQueries(given.database),
        reads=given.reads,
        clock=given.clock,
    )
