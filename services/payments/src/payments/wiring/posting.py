"""Builds the posting of transfers."""

from chassis.persistence.scope import PLATFORM
from payments.application.transfers.post_transfers import PostTransfers
from payments.infrastructure.group_commit import GroupCommit
from payments.wiring.dependencies import Dependencies, unit_of_work


def post_transfers(given: Dependencies) -> PostTransfers:
    return PostTransfers(
        # Posting concerns both sides of a transfer, whose organizations differ.
        uow=unit_of_work(given.database.under(PLATFORM)),
        screening=given.screening,
        signatures=given.signatures,
        prices=given.prices,
        limits=given.limits,
        approvals=given.approvals,
        payment_permissions=given.payment_permissions,
        policy=given.settings.payer_policy,
        terms=given.settings.terms,
        clock=given.clock,
    )


def group_commit(given: Dependencies) -> GroupCommit:
    """Build the cashier. A process has only one, so that requests share batches."""
    settings = given.settings
    return GroupCommit(
        post_transfers(given),
        batch_max=settings.batch_max,
        waiting_max=settings.waiting_max,
        batch_seconds_max=settings.request_seconds,
    )
