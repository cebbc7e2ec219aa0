"""The forms that are digested and signed, by fixed examples, and the life of an approval against a model."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kernel.approvals import (
    CONTENT_BYTES_MAX,
    Approval,
    ApprovalAsked,
    ApprovalClosed,
    ApprovalDecision,
    ApprovalState,
    ContentChanged,
    ContentTooLarge,
    DeciderVote,
    DecisionInvalid,
    Outcome,
    SignedDecision,
    content_digest,
)
from kernel.canonical_json import canonical, instant_text

AT = datetime(2026, 3, 21, 8, tzinfo=UTC)
ID, THING, PERSON = (UUID(f"01980a52-7c00-7000-8000-00000000000{n}") for n in (1, 2, 3))
CONTENT = {"amount": "500.00", "currency": "NAD", "description": "rent, März", "metadata": [["order", "A-17"]], "fees": None}


def asked(**changes: Any) -> ApprovalAsked:
    given = ApprovalAsked(
        id=ID,
        kind="payments.transfer",
        resource_id=THING,
        content=CONTENT,
        asked_by=f"user:{PERSON}",
        asked_at=AT,
        expires_at=AT + timedelta(days=3),
    )
    return replace(given, **changes)


def decision(**changes: Any) -> ApprovalDecision:
    given = ApprovalDecision(
        approval_id=ID,
        digest=asked().digest,
        outcome=Outcome.APPROVED,
        decider="payments",
        votes=(DeciderVote(by=PERSON, outcome=Outcome.APPROVED, at=AT),),
        decided_at=AT,
        valid_until=AT + timedelta(days=3),
        reason="seen",
    )
    return replace(given, **changes)


def signed(**changes: Any) -> SignedDecision:
    return SignedDecision(decision=decision(**changes), key_id="k", signature=bytes(64))


def test_the_digest_of_a_content() -> None:
    text = (
        b"elcorp-approval-content-v1\n"
        b'{"content":{"amount":"500.00","currency":"NAD","description":"rent, M\\u00e4rz","fees":null,'
        b'"metadata":[["order","A-17"]]},"kind":"payments.transfer","resource_id":"01980a52-7c00-7000-8000-000000000002"}'
    )
    assert asked().digest == hashlib.sha256(text).digest()
    assert asked().digest.hex() == "4a3f3d5ff8f160ae768f0d358ea80d81efa1dda41cefddf3c6aed67c11d8bcbd"


def test_the_text_that_a_decider_signs() -> None:
    assert decision().signed_text == (
        b"elcorp-approval-decision-v1\n"
        b'{"approval_id":"01980a52-7c00-7000-8000-000000000001","decided_at":"2026-03-21T08:00:00Z","decider":"payments",'
        b'"digest":"4a3f3d5ff8f160ae768f0d358ea80d81efa1dda41cefddf3c6aed67c11d8bcbd","outcome":"approved","reason":"seen",'
        b'"valid_until":"2026-03-24T08:00:00Z","votes":[{"at":"2026-03-21T08:00:00Z",'
        b'"by":"01980a52-7c00-7000-8000-000000000003","outcome":"approved"}]}'
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "payments.bulk"},
        {"resource_id": PERSON},
        {"content": {**CONTENT, "amount": "500.01"}},
        {"content": {**CONTENT, "fees": []}},
    ],
    ids=["kind", "thing", "amount", "empty is not absent"],
)
def test_another_thing_has_another_digest(changed: dict[str, Any]) -> None:
    assert asked(**changed).digest != asked().digest


def test_facts_and_ids_are_not_a_part_of_the_thing() -> None:
    assert asked(id=PERSON, facts={"rules": ["large"]}, reason="urgent").digest == asked().digest


@pytest.mark.parametrize("value", [0.5, {"ä": 1}, {1: 2}, b"x", {"a": {"b": 1.0}}], ids=str)
def test_a_value_without_an_exact_form_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="canonical JSON"):
        canonical(value)


def test_an_instant_has_one_text_in_all_zones() -> None:
    windhoek = AT.astimezone(timezone(timedelta(hours=2)))
    assert instant_text(windhoek) == instant_text(AT) == "2026-03-21T08:00:00Z"


def test_a_large_content_is_refused() -> None:
    with pytest.raises(ContentTooLarge):
        content_digest("k", THING, {"text": "x" * CONTENT_BYTES_MAX})


def test_a_statement_is_read_back() -> None:
    assert ApprovalDecision.read(decision().statement) == decision()


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + b" ",
        lambda text: text.replace(b'"seen"', b'"seen","more":1'),
        lambda text: text.replace(b"08:00:00Z", b"08:00:00+00:00"),
        lambda text: text.replace(b"approved", b"accepted"),
        lambda text: text[:-1],
        lambda _: b"[]",
    ],
    ids=["space", "field", "time", "outcome", "cut", "list"],
)
def test_a_statement_in_another_form_is_refused(change: Any) -> None:
    with pytest.raises(DecisionInvalid):
        ApprovalDecision.read(change(decision().statement))


def test_a_decision_on_another_approval_or_thing_is_refused() -> None:
    for other in (signed(approval_id=PERSON), signed(digest=asked(resource_id=PERSON).digest)):
        approval = Approval(asked=asked())
        with pytest.raises(DecisionInvalid):
            approval.decide(other, at=AT)
        assert approval.state is ApprovalState.PENDING


def test_a_changed_thing_is_not_executed() -> None:
    approval = Approval(asked=asked())
    approval.decide(signed(), at=AT)
    with pytest.raises(ContentChanged):
        approval.require_executable(asked(content={**CONTENT, "amount": "9"}).digest, at=AT)


class Life(RuleBasedStateMachine):
    """The model has only what happened: whether it is open, decided, and how often it was done."""

    def __init__(self) -> None:
        super().__init__()
        self.approval, self.at = Approval(asked=asked()), AT
        self.is_open, self.is_decided, self.done, self.decisions = True, False, 0, 0

    @property
    def is_in_time(self) -> bool:
        return self.at < self.approval.asked.expires_at

    @rule(hours=st.integers(1, 40))
    def wait(self, hours: int) -> None:
        self.at += timedelta(hours=hours)

    @rule(outcome=st.sampled_from([Outcome.APPROVED, Outcome.REJECTED]))
    def decide(self, outcome: Outcome) -> None:
        given = signed(outcome=outcome, decided_at=self.at)
        if self.is_open and not self.is_decided and self.is_in_time:
            self.approval.decide(given, at=self.at)
            self.is_decided, self.decisions = True, self.decisions + 1
        else:
            with pytest.raises(ApprovalClosed):
                self.approval.decide(given, at=self.at)

    @rule()
    def execute(self) -> None:
        if self.is_open and self.is_decided and self.is_in_time:
            self.approval.require_executable(asked().digest, at=self.at)
            self.approval.execute(at=self.at)
            self.is_open, self.done = False, self.done + 1
        else:
            with pytest.raises(ApprovalClosed):
                self.approval.require_executable(asked().digest, at=self.at)

    @precondition(lambda self: self.is_open and self.is_decided)
    @rule()
    def fail(self) -> None:
        self.approval.fail("PAY_008")
        self.is_decided = False

    @rule(state=st.sampled_from([ApprovalState.WITHDRAWN, ApprovalState.EXPIRED, ApprovalState.SUPERSEDED]))
    def close(self, state: ApprovalState) -> None:
        if self.is_open:
            self.approval.close(state, at=self.at)
            self.is_open = False
        else:
            with pytest.raises(ApprovalClosed):
                self.approval.close(state, at=self.at)

    @invariant()
    def agrees_with_the_model(self) -> None:
        approval = self.approval
        assert approval.is_open == self.is_open
        assert approval.decisions == self.decisions
        assert self.done <= 1
        assert (approval.state is ApprovalState.EXECUTED) == (self.done == 1)
        assert (approval.closed_at is None) == self.is_open
        assert (approval.state is ApprovalState.DECIDED) == (self.is_open and self.is_decided)


TestLife = Life.TestCase
