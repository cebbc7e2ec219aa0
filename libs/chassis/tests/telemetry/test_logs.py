import io
import json
import logging

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis import telemetry
from chassis.telemetry.logs import setup_logs
from chassis.telemetry.redaction import HIDDEN, redact, scrub

# Written out: an imported list would follow any change to the product.
SECRET_KEYS = (
    "password",
    "passwd",
    "passphrase",
    "token",
    "authorization",
    "secret",
    "cookie",
    "credential",
    "private_key",
    "master_key",
    "api_key",
    "apikey",
    "otp",
    "email",
    "phone",
    "msisdn",
    "national_id",
    "date_of_birth",
    "iban",
    "card_number",
)

# Longer than the digits of a time, so that the value searched for cannot be in the line's own time.
NUMBER = 47_119_999
SECRETS = (
    st.emails(),
    st.from_regex(r"\+264(81|61|85)[0-9]{7}", fullmatch=True),
    st.from_regex(r"eyJ[A-Za-z0-9_-]{10,40}\.eyJ[A-Za-z0-9_-]{10,40}\.[A-Za-z0-9_-]{20,40}", fullmatch=True),
)
words = st.text(alphabet="abcdefghij ", max_size=20)
plain = st.none() | st.booleans() | st.integers() | words


@pytest.fixture
def lines():
    """Read the process's log as parsed JSON."""
    out = io.StringIO()
    before = (structlog.get_config(), logging.getLogger().handlers[:], logging.getLogger().level)
    setup_logs("payments-serve", "info", out)
    # Loggers cached under an earlier configuration keep it; a new proxy replaces the module's own.
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    structlog.configure(**before[0])
    logging.getLogger().handlers[:] = before[1]
    logging.getLogger().setLevel(before[2])


@given(secret=st.one_of(*SECRETS), before=words, after=words, key=words)
def test_no_address_number_or_token_remains_in_any_text(secret, before, after, key):
    cleaned = json.dumps(redact(None, "info", {f"k{key}": f"{before} {secret} {after}", "nested": [{"a": (secret,)}]}))
    assert json.dumps(secret)[1:-1] not in cleaned
    assert HIDDEN in cleaned


@given(
    secret=st.text(alphabet="QWXYZ0123456789", min_size=8, max_size=30),
    name=st.sampled_from(SECRET_KEYS),
    prefix=st.sampled_from(["", "new_", "X-", "user."]),
    upper=st.booleans(),
    wrap=st.sampled_from(["flat", "mapping", "list"]),
)
def test_a_key_that_names_a_secret_hides_its_value(secret, name, prefix, upper, wrap):
    field = {(prefix + name).upper() if upper else prefix + name: secret}
    fields = {"flat": field, "mapping": {"body": {"inner": field}}, "list": {"items": [field, field]}}[wrap]
    assert secret not in json.dumps(redact(None, "info", fields))


@pytest.mark.parametrize("name", SECRET_KEYS)
def test_each_name_of_a_secret_is_known(name):
    assert redact(None, "info", {name: "x", "nested": {f"Of-{name.upper()}-2": 7}, "none": None}) == {
        name: HIDDEN,
        "nested": {f"Of-{name.upper()}-2": HIDDEN},
        "none": None,
    }


def test_a_line_has_a_maximum_length_whatever_it_contains():
    long = {
        "text": "x" * 20_000,
        "list": list(range(101)),
        "mapping": {str(number): number for number in range(101)},
        "deep": [[[[[[["anna@example.na"]]]]]]],
    }
    assert redact(None, "info", long) == {
        "text": "x" * 16_384,
        "list": list(range(100)),
        "mapping": {str(number): number for number in range(100)},
        # Below that depth it is text, in which an address is found as in any other.
        "deep": [[[[[[f"[{HIDDEN}']"]]]]]],
    }


@given(fields=st.dictionaries(st.from_regex(r"[a-d]{1,8}", fullmatch=True), plain | st.lists(plain), max_size=8))
def test_other_values_are_unchanged(fields):
    assert redact(None, "info", dict(fields)) == fields


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("postgresql://payments_app:hunter2@db/payments", "hunter2"),
        ("amqp://guest:hunter2@broker:5672/", "hunter2"),
        ("host=db user=app password=hunter2 dbname=x", "hunter2"),
        ("Authorization: Bearer abc.def-123", "abc.def-123"),
        ("detail: Key (email)=(anna@example.na) already exists.", "anna@"),
    ],
)
def test_credentials_in_error_messages_are_hidden(text, hidden):
    assert hidden not in scrub(text)


@given(value=st.recursive(st.text() | st.binary() | st.floats() | st.dates(), st.lists, max_leaves=10))
def test_every_value_can_be_rendered(value):
    json.dumps(redact(None, "info", {"value": value}))


def test_a_line_contains_actor_place_and_trace(lines):
    with telemetry.span("work") as span, telemetry.bind_request("req-1", actor="u-1"):
        structlog.get_logger().info("rpc", name="Screen", password="hunter2")
    (line,) = lines()
    assert line["service"] == "payments-serve"
    assert line["level"] == "info"
    assert (line["request_id"], line["actor"]) == ("req-1", "u-1")
    assert line["trace_id"] == f"{span.get_span_context().trace_id:032x}"
    assert line["password"] == HIDDEN


def test_an_exception_is_one_line_without_its_secrets(lines):
    try:
        int("postgresql://app:hunter2@db/x")
    except ValueError:
        structlog.get_logger().exception("failed")
    (line,) = lines()
    assert "ValueError" in line["exception"]
    assert "hunter2" not in line["exception"]


def test_libraries_log_through_the_same_pipeline_and_noisy_ones_are_silenced(lines):
    logging.getLogger("some.library").warning("mail to %s", "anna@example.na")
    logging.getLogger("psycopg.pool").warning("error connecting in 'pool-1'")
    logging.getLogger("uvicorn.access").info("GET /")
    logging.getLogger("grpc._cython.cygrpc").error("noise")
    (line,) = lines()
    assert (line["library"], line["level"], line["event"]) == ("some.library", "warning", f"mail to {HIDDEN}")


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secret=st.one_of(*SECRETS))
def test_the_whole_pipeline_writes_no_personal_data(lines, secret):
    structlog.get_logger().warning(f"for {secret}", detail=secret, nested={"x": secret})
    assert json.dumps(secret)[1:-1] not in json.dumps(lines()[-1])


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    secret=st.one_of(*SECRETS),
    place=st.sampled_from(["name", "path", "nested", "bound"]),
    key=st.sampled_from(["token", "otp", "plain"]),
)
def test_a_canonical_line_contains_no_personal_data(lines, secret, place, key):
    fields = {"path": secret if place == "path" else "/x", "nested": [{"x": secret if place == "nested" else ""}]}
    with telemetry.bind_request(
        "req-1", detail=secret if place == "bound" else "", **({"code": 1} if key == "plain" else {key: NUMBER})
    ):
        telemetry.canonical(
            kind="request", name=secret if place == "name" else "GET /x", outcome="ok", duration_ms=1.234, **fields
        )
    text = json.dumps(lines()[-1])
    assert json.dumps(secret)[1:-1] not in text
    assert str(NUMBER) not in text


def test_a_canonical_line_is_processed_like_any_other(lines):
    with telemetry.span("work"), telemetry.bind_request("req-1", actor="u-1"):
        telemetry.canonical(kind="request", name="GET /x", outcome="ok", duration_ms=1.2345, status=201, actor=None)
        structlog.get_logger().info("request", name="GET /x", outcome="ok", duration_ms=1.23, status=201, actor=None)
    quick, whole = lines()
    assert len(quick.pop("at")) == len(whole.pop("at"))
    assert quick == whole


def test_a_level_above_info_suppresses_canonical_lines(lines):
    assert lines() == []
    setup_logs("payments-serve", "warning", out := io.StringIO())
    telemetry.canonical(kind="request", name="GET /x", outcome="ok", duration_ms=1)
    assert out.getvalue() == ""
