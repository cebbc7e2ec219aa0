import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.headers import Inbound, from_upstream

# RFC 9110 section 7.6.1, and headers of older proxies and HTTP/2 upgrades.
HOP_BY_HOP = (
    b"connection",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
    b"http2-settings",
)
# Headers that the gateway sets itself on each request.
RENEWED = (b"host", b"content-length", b"expect", b"x-request-id", b"traceparent")
# Headers that the gateway sets itself on each response.
SECURITY = (
    b"strict-transport-security",
    b"content-security-policy",
    b"x-content-type-options",
    b"x-frame-options",
    b"referrer-policy",
    b"cross-origin-resource-policy",
)
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


def test_identity_and_forwarding_claims_of_a_client_are_dropped() -> None:
    passed = Inbound.read([(name, b"evil") for name in SPOOFED] + [(b"accept", b"*/*")]).passed
    assert dict(passed) == {"accept": "*/*"}


def test_hop_by_hop_headers_and_those_that_the_gateway_sets_are_dropped() -> None:
    given = [(name, b"1") for name in (*HOP_BY_HOP, *RENEWED)]
    assert dict(Inbound.read([*given, (b"accept", b"*/*")]).passed) == {"accept": "*/*"}


def test_end_to_end_headers_are_forwarded() -> None:
    kept = {
        b"authorization": b"Bearer x",
        b"idempotency-key": b"k",
        b"if-match": b'"1"',
        b"content-type": b"application/json",
        b"user-agent": b"app/1",
        b"accept-language": b"en-NA",
    }
    assert {name.encode(): value.encode() for name, value in Inbound.read(kept.items()).passed.items()} == kept


@pytest.mark.parametrize("name", ["authorization", "idempotency-key", "if-match", "content-type", "accept"])
def test_connection_cannot_drop_headers_that_a_service_needs(name: str) -> None:
    nominated = f"close, X-Secret,{name.title()} ,x-not-there".encode()
    given = [(name.encode(), b"value"), (b"connection", nominated), (b"x-secret", b"1"), (b"x-other", b"2")]
    assert dict(Inbound.read(given).passed) == {name: "value", "x-other": "2"}


def test_repeated_headers_are_all_forwarded() -> None:
    assert Inbound.read([(b"accept", b"a"), (b"accept", b"b")]).passed.getall("accept") == ["a", "b"]


def test_bytes_that_are_not_utf8_neither_break_nor_split_a_header() -> None:
    assert Inbound.read([(b"user-agent", b"caf\xe9")]).passed["user-agent"] == "caf\N{REPLACEMENT CHARACTER}"


def test_several_authorizations_are_all_seen() -> None:
    assert Inbound.read([(b"authorization", b"a"), (b"authorization", b"b")]).authorization == [b"a", b"b"]


def test_the_headers_that_the_gateway_reads_are_returned() -> None:
    given = {
        b"x-forwarded-proto": b"https",
        b"x-request-id": b"0f-client",
        b"traceparent": b"00-1-2-01",
        b"origin": b"https://app.elcorp.na",
        b"access-control-request-method": b"POST",
        b"upgrade": b"websocket",
        b"content-length": b"7",
        b"transfer-encoding": b"chunked",
    }
    inbound = Inbound.read([*given.items(), (b"x-forwarded-for", b"a"), (b"x-forwarded-for", b"b")])
    assert inbound == Inbound(
        passed=inbound.passed,
        forwarded_for=[b"a", b"b"],
        forwarded_proto=b"https",
        request_id=b"0f-client",
        traceparent=b"00-1-2-01",
        origin=b"https://app.elcorp.na",
        preflight_method=b"POST",
        upgrade=b"websocket",
        content_length=b"7",
        chunked=True,
    )
    assert dict(inbound.passed) == {"origin": "https://app.elcorp.na", "access-control-request-method": "POST"}


def test_an_upstream_response_loses_the_headers_that_the_gateway_sets() -> None:
    given = [(name, b"x") for name in HOP_BY_HOP] + [(name, b"x") for name in SECURITY]
    given += [(b"Server", b"uvicorn"), (b"Date", b"today"), (b"X-Request-Id", b"other"), (b"Access-Control-Allow-Origin", b"*")]
    given += [(b"ETag", b'"7"'), (b"Set-Cookie", b"a=1"), (b"Set-Cookie", b"b=2"), (b"X-Elcorp-Internal", b"1")]
    assert from_upstream(200, given) == [(b"etag", b'"7"'), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]


def test_a_response_without_a_body_declares_no_length() -> None:
    for status in (204, 304):
        assert from_upstream(status, [(b"content-length", b"10"), (b"etag", b"1")]) == [(b"etag", b"1")]
    assert from_upstream(200, [(b"content-length", b"10")]) == [(b"content-length", b"10")]


@given(st.lists(st.tuples(st.sampled_from([*SPOOFED, *HOP_BY_HOP, b"x-app", b"accept"]), st.binary(max_size=8))))
def test_no_order_or_repetition_lets_a_forged_claim_through(headers: list[tuple[bytes, bytes]]) -> None:
    passed = Inbound.read([*headers]).passed
    assert {name.lower() for name in passed} <= {"x-app", "accept"}
