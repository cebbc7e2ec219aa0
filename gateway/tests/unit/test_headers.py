from hypothesis import given
from hypothesis import strategies as st

from gateway.headers import HOP_BY_HOP, SECURITY, Inbound, from_upstream

SPOOFED = (
    b"x-elcorp-actor",
    b"x-elcorp-anything",
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"x-forwarded-proto",
    b"x-real-ip",
    b"forwarded",
    b"x-client-ip",
)


def test_identity_and_forwarding_claims_of_a_client_do_not_pass() -> None:
    passed = Inbound.read([(name, b"evil") for name in SPOOFED] + [(b"accept", b"*/*")]).passed
    assert dict(passed) == {"accept": "*/*"}


def test_what_the_request_means_passes() -> None:
    kept = {
        b"authorization": b"Bearer x",
        b"idempotency-key": b"k",
        b"if-match": b'"1"',
        b"content-type": b"application/json",
        b"user-agent": b"app/1",
        b"accept-language": b"en-NA",
    }
    assert {name.encode(): value.encode() for name, value in Inbound.read(kept.items()).passed.items()} == kept


def test_headers_that_connection_nominates_are_dropped_but_not_the_token() -> None:
    given = [(b"connection", b"close, X-Secret, Authorization"), (b"x-secret", b"1"), (b"authorization", b"Bearer x")]
    assert dict(Inbound.read(given).passed) == {"authorization": "Bearer x"}


def test_repeated_headers_all_pass() -> None:
    assert Inbound.read([(b"accept", b"a"), (b"accept", b"b")]).passed.getall("accept") == ["a", "b"]


def test_bytes_that_are_not_utf8_neither_break_nor_split() -> None:
    assert Inbound.read([(b"user-agent", b"caf\xe9")]).passed["user-agent"] == "caf\N{REPLACEMENT CHARACTER}"


def test_several_authorizations_are_all_seen() -> None:
    assert len(Inbound.read([(b"authorization", b"a"), (b"authorization", b"b")]).authorization) == 2


def test_an_upstreams_answer_loses_what_is_ours_to_say() -> None:
    given = [(name, b"x") for name in HOP_BY_HOP] + [(name, b"x") for name, _ in SECURITY]
    given += [(b"Server", b"uvicorn"), (b"Date", b"today"), (b"X-Request-Id", b"other"), (b"Access-Control-Allow-Origin", b"*")]
    given += [(b"ETag", b'"7"'), (b"Set-Cookie", b"a=1"), (b"Set-Cookie", b"b=2"), (b"X-Elcorp-Internal", b"1")]
    assert from_upstream(200, given) == [(b"etag", b'"7"'), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]


def test_an_answer_without_a_body_declares_no_length() -> None:
    assert from_upstream(304, [(b"content-length", b"10"), (b"etag", b"1")]) == [(b"etag", b"1")]
    assert from_upstream(200, [(b"content-length", b"10")]) == [(b"content-length", b"10")]


@given(st.lists(st.tuples(st.sampled_from([*SPOOFED, *HOP_BY_HOP, b"x-app", b"accept"]), st.binary(max_size=8))))
def test_no_order_or_repetition_lets_a_claim_through(headers: list[tuple[bytes, bytes]]) -> None:
    passed = Inbound.read([*headers]).passed
    assert {name.lower() for name in passed} <= {"x-app", "accept"}
