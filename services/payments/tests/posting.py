"""The use cases that post transfers and check files, with fake peers."""

from typing import Any

from kernel.clock import Clock
from payments.application.bulk_transfers.judge_bulk import JudgeBulk
from payments.application.ports.accounts import AccountLookup
from payments.application.ports.transfers import Terms
from payments.application.transfers.post_transfers import PostTransfers
from payments.domain.payer_policy import PayerPolicy
from services.payments.tests.fakes.payment_permissions import FakePaymentPermissions
from services.payments.tests.fakes.prices import FakePrices
from services.payments.tests.fakes.screening import FakeScreening
from services.payments.tests.fakes.signatures import FakeSignatures


def judging(wallets: AccountLookup, post: PostTransfers) -> JudgeBulk:
    """Return the check of files with the rules of the posting use case."""
    return JudgeBulk(wallets, post.approvals, post.payment_permissions, post.policy, post.terms)


def posting(
    uow: Any, screening: FakeScreening, clock: Clock, prices: FakePrices | None = None, policy: PayerPolicy | None = None
) -> PostTransfers:
    """Return the posting use case with fake prices and limits."""
    prices = prices or FakePrices()
    return PostTransfers(
        uow=uow,
        screening=screening,
        signatures=FakeSignatures(),
        prices=prices,
        limits=prices,
        approvals=prices,
        payment_permissions=FakePaymentPermissions(),
        policy=policy or PayerPolicy(),
        terms=Terms(),
        clock=clock,
    )
