"""How settings require each connection to PostgreSQL, RabbitMQ and Redis to be verified, and what they refuse."""

from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from chassis.settings import ServiceSettings

AUTHORITY = Path("/run/backing ca/ca.crt")
VERIFIED = {
    "database_url": (
        "postgresql://doors_app:Tq7nHs@db/doors",
        "?sslmode=verify-full&gssencmode=disable&sslrootcert=/run/backing%20ca/ca.crt",
    ),
    "database_owner_url": (
        "postgres://doors_owner:Tq7nHs@db/doors",
        "?sslmode=verify-full&gssencmode=disable&sslrootcert=/run/backing%20ca/ca.crt",
    ),
    "database_relay_url": (
        "postgresql://doors_relay:Tq7nHs@db/doors",
        "?sslmode=verify-full&gssencmode=disable&sslrootcert=/run/backing%20ca/ca.crt",
    ),
    "rabbitmq_url": ("amqps://doors:Tq7nHs@broker/", "?cafile=/run/backing%20ca/ca.crt"),
    "redis_url": (
        "rediss://:Tq7nHs@cache/0",
        "?ssl_cert_reqs=required&ssl_check_hostname=true&ssl_ca_certs=/run/backing%20ca/ca.crt",
    ),
}
OWN = {
    "database_url": "application_name=a+b%20c&channel_binding=require&keepalives_idle=30&sslcert=/run/c&sslkey=/run/k&sslcrl=",
    "database_owner_url": "connect_timeout=3&target_session_attrs=read-write&channel_binding=require",
    "database_relay_url": "application_name=relay&keepalives_idle=5",
    "rabbitmq_url": "heartbeat=20&name=a+b%20c&timeout=5",
    "redis_url": "client_name=a+b%20c&socket_timeout=1&db=2",
}


class Settings(ServiceSettings):
    NAME: ClassVar[str] = "tests"


def made(**given: Any) -> Settings:
    return Settings(**{"environment": "production", "backing_ca_file": AUTHORITY, **given})


def url_of(settings: Settings, name: str) -> str:
    url: str = getattr(settings, name).get_secret_value()
    return url


@pytest.mark.parametrize("environment", ["local", "staging", "production"])
@pytest.mark.parametrize("name", VERIFIED)
def test_with_an_authority_a_url_verifies_the_server(environment: str, name: str) -> None:
    url, parameters = VERIFIED[name]
    verified = url_of(made(environment=environment, **{name: url}), name)
    assert verified == url + parameters
    # A URL that already has the parameters is accepted too.
    assert url_of(made(**{name: verified}), name) == verified


@pytest.mark.parametrize("name", VERIFIED)
def test_a_url_keeps_its_own_parameters(name: str) -> None:
    url, parameters = VERIFIED[name]
    own = OWN[name]
    verified = url_of(made(**{name: f"{url}?{own}"}), name)
    assert verified == f"{url}?{own}&{parameters[1:]}"


@pytest.mark.parametrize(
    ("name", "url", "problem"),
    [
        ("database_url", "postgresql://x:Tq7nHs@db/x?sslmode=require", "must not set sslmode"),
        ("database_url", "postgresql://x:Tq7nHs@db/x?sslmode=verify-full&sslmode=disable", "must not set sslmode"),
        ("database_url", "postgresql://x:Tq7nHs@db/x?sslrootcert=system", "must not set sslrootcert"),
        ("database_url", "postgresql://x:Tq7nHs@db/x?sslmode=verify-full&requiressl=0", "must not set requiressl"),
        ("database_url", "postgresql://x:Tq7nHs@db/x?ssl=true", "must not set ssl"),
        ("database_url", "postgresql://x:Tq7nHs@db/x?sslkeylogfile=/tmp/keys", "must not set sslkeylogfile"),
        ("database_url", "postgresql://x:Tq7nHs@db/x?host=/var/run/postgresql", "must not set host"),
        ("database_url", "postgresql://x:Tq7nHs@db/x?hostaddr=192.0.2.1", "must not set hostaddr"),
        ("database_url", "postgresql://x:Tq7nHs@db/x?service=other", "must not set service"),
        ("database_url", "postgresql://x:Tq7nHs@db/x?channel_binding=disable", "must not set channel_binding"),
        ("database_url", "postgresql://x:Tq7nHs@db/x?ssl_max_protocol_version=TLSv1.2", "must not set ssl_max_protocol_version"),
        ("database_url", "postgresql://x:Tq7nHs@/x", "must name a host"),
        ("database_url", "postgresql:///x?password=Tq7nHs", "must name a host"),
        ("database_url", "postgresql://x:Tq7nHs@%2Fvar%2Frun%2Fpostgresql/x", "must name a host"),
        ("database_url", "postgresql://x:Tq7nHs@db,/x", "must name a host"),
        ("database_url", "postgresql://x:Tq7nHs℀@db/x", "cannot be parsed"),
        ("database_url", "postgresql://x:Tq[7nHs@db/x", "cannot be parsed"),
        ("database_url", "postgresql://x:Tq/7nHs@db/x", "percent-encoded"),
        ("database_url", "mysql://x:Tq7nHs@db/x", "must begin with postgresql://, not mysql://"),
        ("database_url", "host=db user=x password=Tq7nHs", "must begin with postgresql://"),
        ("database_url", "postgresql://x:Tq?7nHs@db/x", "percent-encoded"),
        ("database_url", "postgresql://x:Tq#7nHs@db/x", "percent-encoded"),
        ("database_owner_url", "postgresql://x:Tq7nHs@db/x?sslmode=disable", "must not set sslmode"),
        ("rabbitmq_url", "amqp://x:Tq7nHs@mq/", "must begin with amqps://, not amqp://"),
        ("rabbitmq_url", "amqps://x:Tq7nHs@mq/?no_verify_ssl=1", "must not set no_verify_ssl"),
        ("rabbitmq_url", "amqps://x:Tq7nHs@mq/?capath=/etc/ssl/certs", "must not set capath"),
        ("rabbitmq_url", "amqps://x:Tq7nHs@mq/?certfile=/run/c", "must not set certfile"),
        ("rabbitmq_url", "amqps://x:Tq7nHs@mq/?auth=external", "must not set auth"),
        ("rabbitmq_url", "amqps://x:Tq7nHs@/", "must name a host"),
        ("rabbitmq_url", "amqps://x:Tq7nHs℀@mq/", "cannot be parsed"),
        ("redis_url", "redis://:Tq7nHs@cache/0", "must begin with rediss://, not redis://"),
        ("redis_url", "unix:///run/redis.sock", "must begin with rediss://"),
        ("redis_url", "rediss://:Tq7nHs@cache/0?ssl_cert_reqs=none", "must not set ssl_cert_reqs"),
        ("redis_url", "rediss://:Tq7nHs@cache/0?ssl_check_hostname=false", "must not set ssl_check_hostname"),
        ("redis_url", "rediss://:Tq7nHs@cache/0?ssl_certfile=/run/c", "must not set ssl_certfile"),
        ("redis_url", "rediss://:Tq7nHs@cache/0?ssl_ciphers=NULL", "must not set ssl_ciphers"),
        ("redis_url", "rediss://:Tq7nHs@cache/0?path=/run/redis.sock", "must not set path"),
        ("redis_url", "rediss://:Tq7nHs@/0", "must name a host"),
        ("redis_url", "rediss://:Tq7nHs℀@cache/0", "cannot be parsed"),
    ],
)
def test_a_url_with_weaker_verification_is_refused_and_its_secret_is_not_shown(name: str, url: str, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem) as refused:
        made(**{name: url})
    assert "Tq7nHs" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("database_url", "postgresql://x:Tq7nHs@db/x?sslmode=disable"),
        ("database_url", "postgresql://x:Tq7nHs@%2Fvar%2Frun%2Fpostgresql/x"),
        ("rabbitmq_url", "amqp://x:Tq7nHs@mq/"),
        ("redis_url", "redis://:Tq7nHs@cache/0"),
    ],
)
def test_a_url_without_tls_is_used_as_it_is_if_no_authority_is_set(name: str, url: str) -> None:
    assert url_of(made(environment="local", backing_ca_file=None, **{name: url}), name) == url


@pytest.mark.parametrize("name", VERIFIED)
def test_a_placeholder_is_found_in_a_url_and_not_in_the_authoritys_path(name: str) -> None:
    url, authority = VERIFIED[name][0], Path("/run/secrets/example-ca.crt")
    assert url_of(made(backing_ca_file=authority, **{name: url}), name).endswith("=/run/secrets/example-ca.crt")
    with pytest.raises(ValidationError, match=f"ELCORP_{name.upper()} holds a placeholder"):
        made(backing_ca_file=authority, **{name: url.replace("Tq7nHs", "secret")})


@pytest.mark.parametrize("name", VERIFIED)
def test_an_authoritys_path_in_the_url_is_not_taken_for_a_placeholder(name: str) -> None:
    url, authority = VERIFIED[name][0], Path("/run/secrets/ca.crt")
    given = f"{url_of(made(backing_ca_file=authority, **{name: url}), name)}&{OWN[name]}"
    assert url_of(made(backing_ca_file=authority, **{name: given}), name) == given


def test_an_empty_variable_sets_no_authority(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELCORP_BACKING_CA_FILE", "")
    assert Settings(environment="local").backing_ca_file is None
    with pytest.raises(ValidationError, match="ELCORP_BACKING_CA_FILE is not set"):
        Settings(environment="production")


def test_a_process_without_a_url_has_none() -> None:
    settings = made()
    assert {url_of(settings, name) for name in VERIFIED} == {""}


def test_locally_the_broker_and_redis_have_default_urls() -> None:
    settings = made(environment="local", backing_ca_file=None)
    assert (url_of(settings, "rabbitmq_url"), url_of(settings, "redis_url")) == (
        "amqp://guest:guest@127.0.0.1:5673/",
        "redis://127.0.0.1:6380/0",
    )


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_connections_without_tls_must_be_enabled_by_name(environment: str) -> None:
    with pytest.raises(ValidationError, match=rf"BACKING_CA_FILE is not set; {environment} connects .* ELCORP_BACKING_PLAIN"):
        made(environment=environment, backing_ca_file=None)
    url = "amqp://x:Tq7nHs@mq/"
    plain = made(environment=environment, backing_ca_file=None, backing_plain=True, rabbitmq_url=url)
    assert url_of(plain, "rabbitmq_url") == url


@pytest.mark.parametrize("environment", ["local", "staging", "production"])
def test_a_process_uses_tls_or_plain_connections_and_not_both(environment: str) -> None:
    with pytest.raises(ValidationError, match="set only one of them"):
        made(environment=environment, backing_plain=True)
