"""The message of a requested notice."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from chassis.messaging.contracts import Publications, spec_of
from chassis.messaging.notices import notice_requested, occurred_at, recipient_of, urgency_of
from elcorp.platform.v1 import events_pb2
from kernel.notices import FACT_LENGTH_MAX, FACTS_MAX, NoticeRequested, Recipient, Urgency

AT = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
ID = UUID(int=7)
RECIPIENTS = [
    Recipient.person(ID),
    Recipient.holders_of_role("staff"),
    Recipient.holders_of_permission("payment:approve"),
    Recipient.team(ID),
    Recipient.organization(ID),
]


def requested(**of: object) -> NoticeRequested:
    given = {"template": "payments.done", "recipient": RECIPIENTS[0], "key": "one", "facts": {"amount": "5.00 NAD"}}
    return NoticeRequested(occurred_at=AT, **(given | of))  # type: ignore[arg-type]


@pytest.mark.parametrize("recipient", RECIPIENTS)
@pytest.mark.parametrize("urgency", Urgency)
def test_a_request_is_read_as_it_was_written(recipient: Recipient, urgency: Urgency) -> None:
    message = notice_requested(requested(recipient=recipient, urgency=urgency))
    assert (recipient_of(message), urgency_of(message)) == (recipient, urgency)
    assert (message.template, message.key, dict(message.facts)) == ("payments.done", "one", {"amount": "5.00 NAD"})
    assert occurred_at(message, default=datetime.max.replace(tzinfo=UTC)) == AT


def test_a_request_of_another_release_has_defaults() -> None:
    message = events_pb2.NoticeRequested(template="payments.done")
    assert (recipient_of(message), urgency_of(message), occurred_at(message, default=AT)) == (None, Urgency.NORMAL, AT)


def test_long_facts_are_cut_instead_of_failing_the_transaction() -> None:
    facts = notice_requested(requested(facts={"reason": "x" * 1000, "amount": "5"})).facts
    assert (len(facts["reason"]), facts["reason"][-1], facts["amount"]) == (FACT_LENGTH_MAX, "…", "5")


@pytest.mark.parametrize(
    "of", [{"key": ""}, {"key": "k" * 201}, {"facts": {"Bad name": "1"}}, {"facts": {f"f{n}": "" for n in range(FACTS_MAX + 1)}}]
)
def test_mistakes_of_a_program_are_found_where_they_are_made(of: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="notice"):
        requested(**of)


def test_identity_alone_consumes_requests_in_a_queue_of_their_own() -> None:
    spec = spec_of(events_pb2.NoticeRequested)
    assert (spec.consumers, spec.queue("identity")) == (("identity",), "identity.notices")
    message = Publications("payments", {NoticeRequested: notice_requested}).encode(requested())
    # Without an aggregate: one request never waits for another.
    assert (message.type, message.aggregate_id) == ("platform.notice.requested", None)
