"""The facts of payments are those that its contract declares (elcorp.payments.v1, policy_questions.proto)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from google.protobuf.message import Message

from chassis.policies import Policies, Resource
from chassis.policies.decisions import Outcome
from chassis.policies.facts import facts_of
from chassis.testing.clocks import ControlledClock
from elcorp.options.v1 import options_pb2
from elcorp.payments.v1.policy_questions_pb2 import ApprovalFacts, PaymentFacts
from kernel.actor import Actor
from kernel.errors import Unavailable
from kernel.ids import new_id
from kernel.money import Money
from payments.domain.payment_permission import PaymentQuestion, Source, VoteQuestion
from payments.domain.transfer_order import TransferKind
from payments.infrastructure.payment_permissions import BundledPermissions

ACTOR = Actor.service("test")


@dataclass
class Asked:
    """Policies that read facts about everything, and keep the questions."""

    bundle: object = field(default_factory=object)
    questions: list[tuple[str, Resource, Message]] = field(default_factory=list)

    def asks_about(self, _permission: str) -> bool:
        return True

    def decide(self, _actor: Actor, permission: str, resource: Resource, facts: Message) -> Outcome:
        self.questions.append((permission, resource, facts))
        return Outcome(allowed=True, policies=(), errors=0)


def pay(permissions: BundledPermissions) -> None:
    ask, company = permissions.of_payments(), new_id()
    assert ask
    source = Source(new_id(), company, company)
    assert ask(ACTOR, PaymentQuestion(source=source, amount=Decimal(1), currency="NAD", kind=TransferKind.TRANSFER)) is None


def approve(permissions: BundledPermissions) -> None:
    ask = permissions.of_votes()
    assert ask
    assert ask(ACTOR, VoteQuestion(resource_id=new_id(), amount=Money.of("1", "NAD"), organization_id=new_id())) is None


@pytest.mark.parametrize(("ask", "message"), [(pay, PaymentFacts), (approve, ApprovalFacts)])
def test_each_question_has_the_facts_and_attributes_that_its_message_declares(
    ask: Callable[[BundledPermissions], None], message: type[Message]
) -> None:
    asked: Any = Asked()
    ask(BundledPermissions(asked))
    [(permission, resource, facts)] = asked.questions
    declared = message.DESCRIPTOR.GetOptions().Extensions[options_pb2.policy_question]
    assert list(declared.actions) == [permission]
    assert (resource.type, sorted(resource.attributes)) == (declared.resource_type, sorted(declared.resource_attributes))
    assert type(facts) is message
    names = set(message.DESCRIPTOR.fields_by_name)
    assert facts_of(facts, names).keys() == names
    assert all(getattr(facts, name) for name in names)


@pytest.mark.parametrize("of", [BundledPermissions.of_payments, BundledPermissions.of_votes])
def test_without_a_bundle_nothing_can_be_decided(of: Callable[[BundledPermissions], object]) -> None:
    with pytest.raises(Unavailable):
        of(BundledPermissions(Policies(ControlledClock())))
