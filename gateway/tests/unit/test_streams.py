"""The places of event streams, and what the gateway may add to one that it ends."""

import pytest

from gateway.error_responses import Refusal
from gateway.places import PlaceLimits
from gateway.settings import GatewaySettings
from gateway.streams import EventBoundary, Streams, is_stream


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("text/event-stream", True),
        ("Text/Event-Stream ; charset=utf-8", True),
        ("text/event-stream-not", False),
        ("application/json", False),
        ("", False),
    ],
)
def test_a_response_is_a_stream_by_its_media_type(content_type: str, *, expected: bool) -> None:
    assert is_stream({"Content-Type": content_type} if content_type else {}) is expected


def test_all_and_each_person_have_a_limit_and_an_ended_stream_frees_both() -> None:
    streams = Streams(PlaceLimits(all_max=3, person_max=2))
    with streams.place("anna"), streams.place("anna"):
        with pytest.raises(Refusal) as person, streams.place("anna"):
            pass
        with streams.place("ben"), pytest.raises(Refusal) as every, streams.place("cara"):
            pass
        with pytest.raises(ZeroDivisionError), streams.place("ben"):
            raise ZeroDivisionError
        assert streams.open == 2
    assert (person.value.status, person.value.code, every.value.status, every.value.code) == (429, "RATE_001", 503, "SRV_002")
    assert {refused.value.headers["retry-after"] for refused in (person, every)} == {"2"}
    assert (streams.open, dict(streams._people)) == (0, {})


def test_streams_leave_half_of_the_connections_to_requests() -> None:
    limits = [
        GatewaySettings(open_streams_max=streams, upstream_connections_max=connections).stream_limits().all_max
        for streams, connections in ((100, 200), (100, 50), (100, 1), (20, 200))
    ]
    assert limits == [100, 25, 1, 20]


def test_nothing_is_added_to_an_event_that_has_no_end() -> None:
    assert EventBoundary().last_words == b"retry: 1000\n\n"
    for chunks, is_whole in (
        ([b"data: 1\n\n"], True),
        ([b"data: 1\n", b"\n"], True),
        ([b"data: 1\n\n", b"data"], False),
        ([b"data: 1\n"], False),
        ([b"a", b"\n", b"\n"], True),
        ([b": x\n\n", b"\n"], True),
    ):
        boundary = EventBoundary()
        for chunk in chunks:
            boundary.sent(chunk)
        assert bool(boundary.last_words) is is_whole, chunks
