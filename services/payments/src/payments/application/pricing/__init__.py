"""What pricing can do: the table of contents."""

from dataclasses import dataclass

from kernel.clock import Clock
from kernel.reads import Reads
from payments.application.ports.accounts import AccountLookup
from payments.application.ports.approvals import ApprovalPolicies
from payments.application.ports.prices import PriceBooks, PricingUnitOfWork
from payments.application.ports.screening import Screening
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.pricing.assign_tier import AssignTier
from payments.application.pricing.list_my_limits import ListMyLimits
from payments.application.pricing.queries import PricingQueries
from payments.application.pricing.quote_order import QuoteOrder
from payments.application.pricing.read_tier import ReadTier
from payments.application.pricing.set_version import EndVersion, SetVersion
from payments.domain.fee_rule import FeeRule
from payments.domain.fx_rate import FxRate
from payments.domain.limits import Limit
from payments.domain.payer_policy import PayerPolicy


@dataclass(frozen=True, slots=True)
class Pricing:
    set_fee_rule: SetVersion[FeeRule]
    end_fee_rule: EndVersion[FeeRule]
    set_rate: SetVersion[FxRate]
    end_rate: EndVersion[FxRate]
    set_limit: SetVersion[Limit]
    end_limit: EndVersion[Limit]
    assign_tier: AssignTier
    read_tier: ReadTier
    quote_order: QuoteOrder
    list_my_limits: ListMyLimits
    queries: PricingQueries
    clock: Clock

    @classmethod
    def of(
        cls,
        *,
        uow: PricingUnitOfWork,
        ledger: UnitOfWork,
        policy: PayerPolicy,
        prices: PriceBooks,
        approvals: ApprovalPolicies,
        wallets: AccountLookup,
        screening: Screening,
        queries: PricingQueries,
        reads: Reads,
        clock: Clock,
    ) -> "Pricing":
        """Wire the use cases to their ports."""
        list_my_limits = ListMyLimits(queries, clock)
        return cls(
            set_fee_rule=SetVersion(uow, lambda tx: tx.fee_rules, clock),
            end_fee_rule=EndVersion(uow, lambda tx: tx.fee_rules, clock),
            set_rate=SetVersion(uow, lambda tx: tx.fx_rates, clock),
            end_rate=EndVersion(uow, lambda tx: tx.fx_rates, clock),
            set_limit=SetVersion(uow, lambda tx: tx.limits, clock),
            end_limit=EndVersion(uow, lambda tx: tx.limits, clock),
            assign_tier=AssignTier(uow, clock),
            read_tier=ReadTier(queries, reads),
            quote_order=QuoteOrder(
                uow=ledger,
                prices=prices,
                approvals=approvals,
                policy=policy,
                wallets=wallets,
                list_my_limits=list_my_limits,
                screening=screening,
                clock=clock,
            ),
            list_my_limits=list_my_limits,
            queries=queries,
            clock=clock,
        )
