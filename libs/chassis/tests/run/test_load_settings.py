"""All problems of the settings are printed at the start, and the process exits with status 2."""

import base64
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import Field

from chassis.run.load_settings import load_settings, unknown_variables
from chassis.settings import ServiceSettings

RELAY_FORM = "postgresql://payments_relay:…@host:5432/payments, the role that deletes sent outbox rows"
URL = "postgresql://doors_app:Tq7nHs@db/doors"


class Settings(ServiceSettings):
    NAME: ClassVar[str] = "doors"
    hinges_max: int = Field(default=3, ge=1)
    painters: tuple[str, ...] = ()
    prices: dict[str, Decimal] = Field(default_factory=dict)

    def contradictions(self) -> Iterator[str]:
        yield from super().contradictions()
        if self.hinges_max < len(self.painters):
            yield "ELCORP_HINGES_MAX is less than the number of ELCORP_PAINTERS"


def problems(capsys: pytest.CaptureFixture[str], *needs: str) -> list[str]:
    with pytest.raises(SystemExit) as exit_:
        load_settings(Settings, process="doors-serve", needs=needs)
    assert exit_.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert all(line.startswith("doors-serve: ") for line in lines)
    return [line.removeprefix("doors-serve: ") for line in lines]


def set_all(monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"ELCORP_{name}", value)


def test_every_problem_is_named_at_once_and_no_value_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    set_all(
        monkeypatch,
        {
            "ENVIRONMENT": "staging",
            "BACKING_PLAIN": "true",
            "REST_PORT": "hunter2",
            "LOG_LEVEL": "loud",
            "PAINTERS": "Ndapewa, Tangeni",
            "REDIS_URL": "redis://:changeme@cache/0",
            "DATABASE_URL": "postgresql://app:changeme@db/doors",
            "TLS_CERT_FILE": str(tmp_path / "tls.crt"),
            "REST_PROT": "hunter3",
            "MASTER_KEY": base64.b64encode(b"k" * 32).decode(),
            "DIGEST_KEY": "hunter4",
        },
    )
    found = problems(capsys, "database_url", "database_owner_url", "master_key")
    assert found == [
        "ELCORP_LOG_LEVEL: Input should be 'debug', 'info', 'warning' or 'error'",
        "ELCORP_REST_PORT: Input should be a valid integer, unable to parse string as an integer",
        'ELCORP_PAINTERS: it must be JSON, such as ["a", "b"]',
        "ELCORP_REDIS_URL holds a placeholder; staging needs a real secret (ELCORP_ENVIRONMENT)",
        "ELCORP_DATABASE_URL holds a placeholder; staging needs a real secret (ELCORP_ENVIRONMENT)",
        "ELCORP_TLS_KEY_FILE and ELCORP_TLS_CA_FILE not set: mutual TLS needs all of certificate, key and authority, or none",
        "ELCORP_DATABASE_OWNER_URL is not set: postgresql://payments_owner:…@host:5432/payments, the role that owns the schema",
        "ELCORP_DIGEST_KEY (or the file ELCORP_DIGEST_KEY_FILE names) must be base64 of 32 bytes",
        "ELCORP_REST_PROT is not a setting; did you mean ELCORP_REST_PORT?",
    ]
    assert not any("hunter" in line or "changeme" in line for line in found)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("DATABASE_URL", "hunter2", "must begin with postgresql://"),
        ("DATABASE_RELAY_URL", "mysql://app:hunter2@db/doors", "must begin with postgresql://"),
        ("DATABASE_OWNER_URL", "postgresql://app:hunter2@db:54x2/doors", "cannot be parsed: the port must be a number"),
        ("DATABASE_URL", "postgresql://app:hunter2/x@db:5432/doors", "cannot be parsed: the port must be a number"),
        ("RABBITMQ_URL", "http://app:hunter2@broker/", "must begin with amqp://"),
        ("REDIS_URL", "cache:6379/hunter2", "must begin with redis://"),
        ("TRUSTED_PROXIES", '["10.0.0.0/8", "cluster"]', "'cluster' does not appear to be an IPv4 or IPv6 network"),
        ("TRUSTED_PROXIES", '["10.0.0.1/8"]', "10.0.0.1/8 has host bits set; each must be an address or a network"),
        ("OTLP_ENDPOINT", "http://otel:43x8", "the port must be a number"),
    ],
)
def test_a_value_that_no_client_could_use_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, problem: str
) -> None:
    set_all(monkeypatch, {name: value})
    (line,) = problems(capsys)
    assert line.startswith(f"ELCORP_{name}: {problem}")
    assert "hunter" not in line


def test_a_refused_environment_is_the_only_reason_given_for_what_follows_from_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_all(monkeypatch, {"ENVIRONMENT": "prod"})
    assert problems(capsys) == ["ELCORP_ENVIRONMENT: Input should be 'local', 'staging' or 'production'"]


def test_settings_that_the_process_needs_are_named_with_their_form(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DATABASE_URL", "DATABASE_RELAY_URL", "MASTER_KEY"):
        monkeypatch.delenv(f"ELCORP_{name}", raising=False)
    found = problems(capsys, "database_url", "database_relay_url", "rabbitmq_url", "master_key")
    assert found == [
        "ELCORP_DATABASE_URL is not set: postgresql://payments_app:…@host:5432/payments, the service's runtime role",
        f"ELCORP_DATABASE_RELAY_URL is not set: {RELAY_FORM}",
        "ELCORP_MASTER_KEY is not set: base64 of 32 bytes, or a file in ELCORP_MASTER_KEY_FILE",
    ]


def test_a_key_is_read_at_the_start_from_the_environment_or_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    set_all(monkeypatch, {"MASTER_KEY": "c2hvcnQ=", "DIGEST_KEY_FILE": str(tmp_path / "none")})
    assert problems(capsys, "master_key") == [
        "ELCORP_MASTER_KEY (or the file ELCORP_MASTER_KEY_FILE names) must be base64 of 32 bytes",
        f"ELCORP_DIGEST_KEY_FILE: [Errno 2] No such file or directory: '{tmp_path / 'none'}'",
    ]
    key = tmp_path / "key"
    key.write_bytes(base64.b64encode(b"k" * 32))
    set_all(monkeypatch, {"MASTER_KEY": "", "MASTER_KEY_FILE": str(key), "DIGEST_KEY_FILE": str(key)})
    assert load_settings(Settings, process="doors-serve", needs=("master_key",)).key() == b"k" * 32


def test_contradictions_of_a_service_are_named_with_those_of_every_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_all(monkeypatch, {"HINGES_MAX": "1", "PAINTERS": '["Ndapewa", "Tangeni"]', "TLS_CA_FILE": "ca.crt"})
    assert [line.split(" ")[0] for line in problems(capsys)] == ["ELCORP_TLS_CERT_FILE", "ELCORP_HINGES_MAX"]


def test_lists_and_tables_are_json_and_amounts_stay_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, {"PAINTERS": '["Ndapewa"]', "PRICES": '{"NAD": 0.1, "ELC": "0.30"}'})
    settings = load_settings(Settings, process="doors-serve")
    assert (settings.painters, settings.prices) == (("Ndapewa",), {"NAD": Decimal("0.1"), "ELC": Decimal("0.30")})


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ELCORP_RATE_LIMIT_PER_MINUT", "did you mean ELCORP_RATE_LIMIT_PER_MINUTE?"),
        ("elcorp_databse_url", "did you mean ELCORP_DATABASE_URL?"),
        ("ELCORP_PAINT", "docs/operations.md lists the settings"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_setting(name: str, said: str) -> None:
    assert unknown_variables({name: "1"}, ServiceSettings) == [f"{name} is not a setting; {said}"]


def test_settings_of_other_processes_and_variables_of_tools_are_known() -> None:
    others = {"ELCORP_GATEWAY_PORT": "1", "elcorp_smtp_host": "mail", "ELCORP_TEST_POSTGRES_URL": URL, "ELCORP_TAG": "local"}
    assert unknown_variables({**others, "PATH": "/bin"}, ServiceSettings) == []
