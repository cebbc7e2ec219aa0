"""What services send as decisions of their policies is read completely, or refused."""

from dataclasses import replace
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.policies.decision_messages import DECISIONS_MAX as SENT_MAX
from chassis.policies.decision_messages import JSON_BYTES_MAX, TEXT_LENGTH_MAX, decisions_message
from chassis.policies.decisions import Decision, Inputs
from compliance.domain.decision import PolicyDecision
from compliance.interfaces.decision_messages import DECISIONS_MAX, NAME_LENGTH_MAX, decisions_in
from elcorp.compliance.v1 import events_pb2
from kernel.errors import InvalidValue
from kernel.ids import new_id
from services.compliance.tests.decisions import decision, sent
from services.compliance.tests.entries import AT


def read(message: events_pb2.PolicyDecisionsRecorded) -> list[PolicyDecision]:
    return list(decisions_in(message, "payments"))


@pytest.mark.parametrize(
    "made",
    [decision(), decision(organization_id=None, authenticated_at=None, roles=(), methods=(), policies=(), shadow=("night",))],
    ids=["full", "bare"],
)
def test_a_decision_is_read_as_it_was_sent(made: PolicyDecision) -> None:
    assert read(sent(made)) == [made]


def test_what_a_process_sends_is_read() -> None:
    """Also with the longest texts that it sends."""
    inputs = Inputs(
        roles=("user",),
        organization_id=str(new_id()),
        interactive=True,
        ip="41.182.3.4",
        authenticated_at=AT,
        methods=("pwd",),
        attributes={"note": "é" * (JSON_BYTES_MAX // 6 - 10)},
        facts={},
    )
    made = Decision(
        at=AT,
        allowed=True,
        principal_kind="user",
        principal_id="é" * 500,
        permission="p" * 500,
        resource_type="t" * 500,
        resource_id="i" * 500,
        inputs=inputs,
        policies=("office-hours",),
        shadow=(),
        errors=0,
        bundle_version=7,
        request_id="r" * 500,
        trace_id="",
    )
    message = decisions_message([made], "payments")
    (found,) = read(events_pb2.PolicyDecisionsRecorded.FromString(message.payload))
    assert (found.principal_id, found.request_id) == ("é" * TEXT_LENGTH_MAX, "r" * TEXT_LENGTH_MAX)
    assert (found.count, found.is_truncated) == (1, False)
    assert (SENT_MAX, TEXT_LENGTH_MAX) <= (DECISIONS_MAX, NAME_LENGTH_MAX)


@pytest.mark.parametrize(
    "change",
    [
        {"decision_id": ""},
        {"decision_id": "7"},
        {"producer": "identity"},
        {"at": Timestamp(seconds=2**60)},
        {"authenticated_at": Timestamp(seconds=-(2**60))},
        {"principal_id": "x" * (NAME_LENGTH_MAX + 1)},
        {"roles": ["x" * (NAME_LENGTH_MAX + 1)]},
        {"organization_id": "acme"},
        {"facts": ""},
        {"facts": "{"},
        {"facts": "[]"},
        {"facts": "[" * 8_000},
        {"attributes": '{"note":"' + "x" * JSON_BYTES_MAX + '"}'},
        {"count": 0},
        {"count": 2**31},
    ],
    ids="-".join,
)
def test_what_is_no_decision_is_refused(change: dict[str, Any]) -> None:
    """A permanent kind of error, so that the message becomes a dead letter."""
    message = sent(decision())
    given: Any = message.decisions[0]
    for name, value in change.items():
        given.ClearField(name)
        given.MergeFrom(events_pb2.PolicyDecision(**{name: value}))
    with pytest.raises(InvalidValue):
        read(message)


def test_a_message_has_a_limit() -> None:
    one = decision()
    assert len(read(sent(*[one] * DECISIONS_MAX))) == DECISIONS_MAX
    with pytest.raises(InvalidValue):
        read(sent(*[replace(one)] * (DECISIONS_MAX + 1)))
