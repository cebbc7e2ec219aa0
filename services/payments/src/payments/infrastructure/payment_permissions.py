"""Payments and votes as questions to the policies of this process, with the facts that the contract declares."""

from decimal import ROUND_CEILING, Decimal
from uuid import UUID

from google.protobuf.message import Message

from chassis.policies import Policies, Resource
from elcorp.payments.v1.policy_questions_pb2 import ApprovalFacts, PaymentFacts
from kernel.actor import Actor
from kernel.errors import DomainError, Unavailable
from payments.domain.approval import APPROVED_BY
from payments.domain.payment_permission import PAID_BY, PaymentPermission, PaymentQuestion, VotePermission, VoteQuestion
from payments.infrastructure.cedar_decimals import cedar_decimal


class BundledPermissions:
    """Asks the policies of the bundle in force, if any of them reads facts."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies

    def of_payments(self) -> PaymentPermission | None:
        return self._payment if self._asks_about(PAID_BY) else None

    def of_votes(self) -> VotePermission | None:
        return self._vote if self._asks_about(APPROVED_BY) else None

    def _asks_about(self, permission: str) -> bool:
        if self._policies.bundle is None:
            raise Unavailable(dependency="governance", reason="no policy bundle yet")
        return self._policies.asks_about(permission)

    def _payment(self, actor: Actor, question: PaymentQuestion) -> DomainError | None:
        source = question.source
        wallet = _resource("wallet", source.wallet_id, owner=source.owner_id, organization=source.organization_id)
        facts = PaymentFacts(amount=_amount(question.amount), currency=question.currency, kind=question.kind.value)
        return self._refusal(actor, PAID_BY, wallet, facts)

    def _vote(self, actor: Actor, question: VoteQuestion) -> DomainError | None:
        transfer = _resource("transfer", question.resource_id, organization=question.organization_id)
        facts = ApprovalFacts(amount=_amount(question.amount.amount), currency=question.amount.currency.code)
        return self._refusal(actor, APPROVED_BY, transfer, facts)

    def _refusal(self, actor: Actor, permission: str, resource: Resource, facts: Message) -> DomainError | None:
        outcome = self._policies.decide(actor, permission, resource, facts)
        return None if outcome.allowed else self._policies.refusal_of(outcome, actor, permission)


def _resource(type_: str, id_: UUID, **attributes: UUID | None) -> Resource:
    return Resource(type_, str(id_), {name: str(value) for name, value in attributes.items() if value})


def _amount(amount: Decimal) -> str:
    # Up: the smallest part above a limit is above it.
    return cedar_decimal(amount, rounding=ROUND_CEILING)
