import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace

from chassis import telemetry
from chassis.telemetry.traces import setup_traces, shut_down_traces

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def current() -> list[str]:
    """Return version, trace, span and flags of the current span."""
    parent = telemetry.traceparent()
    assert parent is not None
    return parent.split("-")


def test_outside_a_span_there_is_no_traceparent():
    assert telemetry.traceparent() is None


def test_every_span_has_a_trace_and_children_share_it():
    with telemetry.span("outer"):
        outer = current()
        with telemetry.span("inner"):
            inner = current()
        assert current() == outer
    assert outer[1] == inner[1]
    assert outer[2] != inner[2]


def test_a_trace_continues_from_the_wire():
    with telemetry.continue_trace(PARENT, "served"):
        version, trace_id, span_id, flags = current()
    assert (version, trace_id, flags) == ("00", "0af7651916cd43dd8448eb211c80319c", "01")
    assert span_id != "b7ad6b7169203331"


def test_a_linked_trace_is_a_new_one():
    with telemetry.linked_trace([PARENT], "handled"):
        assert current()[1] != "0af7651916cd43dd8448eb211c80319c"


def test_the_surrounding_trace_does_not_leak_into_one_from_the_wire():
    with telemetry.span("loop"), telemetry.continue_trace(PARENT, "served"):
        assert current()[1] == "0af7651916cd43dd8448eb211c80319c"


@given(parent=st.text(max_size=80) | st.sampled_from(["00-" + "0" * 32 + "-" + "0" * 16 + "-01", PARENT[:-3], "ff" + PARENT[2:]]))
def test_a_malformed_parent_begins_a_new_trace(parent):
    with telemetry.continue_trace(parent, "served"):
        assert trace.get_current_span().get_span_context().is_valid


@pytest.mark.parametrize(
    ("parent", "taken"),
    [
        (PARENT, True),
        ("01" + PARENT[2:], True),
        ("01" + PARENT[2:] + "-more", True),
        (PARENT + "-more", False),
        (PARENT + "-", False),
        ("ff" + PARENT[2:], False),
        (PARENT.upper(), False),
        (PARENT[:-1], False),
        (PARENT + "0", False),
        (f"{PARENT[:36]}{'0' * 16}{PARENT[52:]}", False),
        ("", False),
        (None, False),
    ],
)
def test_a_parent_is_accepted_as_its_version_allows(parent, taken):
    with telemetry.continue_trace(parent, "served"):
        assert (current()[1] == "0af7651916cd43dd8448eb211c80319c") == taken
    with telemetry.span("loop"), telemetry.continue_trace(parent, "served"):
        assert (current()[1] == "0af7651916cd43dd8448eb211c80319c") == taken


def test_an_error_passes_through_a_span():
    with pytest.raises(ZeroDivisionError), telemetry.span("work"):
        _ = 1 / 0


def test_without_an_endpoint_nothing_is_exported_and_no_thread_runs():
    before = threading.active_count()
    setup_traces("payments", "local", None)
    with telemetry.span("work") as span:
        assert not span.is_recording()
    assert threading.active_count() == before


def test_with_an_endpoint_spans_are_recorded_and_have_the_same_ids():
    setup_traces("payments", "local", "http://127.0.0.1:9")
    try:
        with telemetry.continue_trace(PARENT, "served", peer="x") as span:
            assert span.is_recording()
            assert current()[1] == "0af7651916cd43dd8448eb211c80319c"
        # Nothing is sent to the missing collector: the test is about what is recorded.
        telemetry.traces._Tracing.provider._active_span_processor._span_processors[0]._batch_processor._queue.clear()
    finally:
        shut_down_traces()


def test_the_sdk_is_not_loaded_without_an_endpoint():
    script = "import sys, chassis.telemetry; sys.exit('opentelemetry.sdk.trace' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0  # noqa: S603  # our own script
