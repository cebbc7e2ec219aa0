"""What every process's settings refuse, and their defaults."""

from typing import Any, ClassVar

import pytest
from pydantic import SecretStr, ValidationError
from pydantic_core import PydanticUndefined

from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    NAME: ClassVar[str] = "tests"


REAL = {
    "backing_plain": True,
    "rabbitmq_url": "amqp://doors:Tq7nHs@broker/",
    "redis_url": "redis://cache/0",
    "database_url": "postgresql://doors_app:Tq7nHs@db/doors",
    "database_owner_url": "postgresql://doors_owner:Tq7nHs@db/doors",
    "database_relay_url": "postgresql://doors_relay:Tq7nHs@db/doors",
}
SECRETS = [name for name, field in Settings.model_fields.items() if field.annotation is SecretStr]


# A key has none.
SCHEMES = {"database": "postgresql://", "rabbitmq": "amqp://", "redis": "redis://"}


def made(environment: str, **given: Any) -> Settings:
    return Settings(environment=environment, **{**REAL, **given})


def test_the_secrets_are_known() -> None:
    assert sorted(SECRETS) == [
        "database_owner_url",
        "database_relay_url",
        "database_url",
        "digest_key",
        "master_key",
        "objects_secret_access_key",
        "other_master_key",
        "rabbitmq_url",
        "redis_url",
    ]


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize(
    "value",
    [
        "app:changeme@db/x",
        "app:CHANGE-ME@db/x",
        "placeholder",
        "Secret",
        "my-password",
        "db.example/x",
        "postgres:postgres@db/x",
        "guest:guest@broker/x",
    ],
)
def test_secrets_must_not_be_placeholders_outside_local(environment: str, name: str, value: str) -> None:
    scheme = SCHEMES.get(name.rpartition("_")[0].removesuffix("_owner").removesuffix("_relay"), "")
    given = f"{scheme}{value}"
    with pytest.raises(ValidationError, match=f"ELCORP_{name.upper()} holds a placeholder; {environment} needs"):
        made(environment, **{name: given})
    assert getattr(made("local", **{name: given}), name).get_secret_value() == given
    made(environment)


def test_traces_are_not_sent_to_a_grpc_port() -> None:
    with pytest.raises(ValidationError, match="port 4317 is for gRPC, but traces are exported over HTTP, usually to 4318"):
        made("local", otlp_endpoint="http://collector:4317")
    assert made("local", otlp_endpoint="http://collector:4318").otlp_endpoint == "http://collector:4318"


@pytest.mark.parametrize("peer", ["identity", "payments", "governance", "compliance"])
def test_each_peer_has_its_own_target(peer: str) -> None:
    targets = {f"{name}_target": f"dns:///{name}:1" for name in ("identity", "payments", "governance", "compliance")}
    assert made("local", **targets).target(peer) == f"dns:///{peer}:1"


def test_the_defaults_are_safe() -> None:
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    assert {name: default for name, default in defaults.items() if not name.endswith(("_url", "_target", "_port", "_host"))} == {
        "environment": "production",
        "log_level": "info",
        "otlp_endpoint": None,
        "drain_seconds": 0,
        "shutdown_seconds": 20,
        "backing_ca_file": None,
        "backing_plain": False,
        "former_token_issuer": None,
        "token_audience": "elcorp",
        # No proxy is trusted to state a client's address.
        "trusted_proxies": ("127.0.0.0/8", "::1/128"),
        "database_pool_size": 10,
        "database_pooled": False,
        "database_prepared": True,
        "job_pool_size": 4,
        "day_overrides": PydanticUndefined,
        "day_overrides_file": None,
        "job_seconds": 60,
        "job_silence_seconds": 10,
        "request_seconds": 7,
        "rpc_stream_seconds": 60,
        "policy_refresh_seconds": 30,
        "policy_staleness_seconds": 300,
        "policy_expiry_seconds": 3600,
        "policy_allows_logged_ratio": 0.01,
        "checkpoint_keep_seconds": 60,
        "objects_folder_shared": False,
        "objects_endpoint": "",
        "objects_region": "af-south-1",
        "objects_access_key_id": "",
        "objects_secret_access_key": SecretStr(""),
        "tls_cert_file": None,
        "tls_key_file": None,
        "tls_ca_file": None,
        "tls_other_ca_file": None,
        "master_key": SecretStr(""),
        "master_key_file": None,
        "other_master_key": SecretStr(""),
        "other_master_key_file": None,
        "digest_key": SecretStr(""),
        "digest_key_file": None,
    }


@pytest.mark.parametrize(("environment", "must"), [("local", False), ("staging", True), ("production", True)])
def test_privileged_users_need_a_second_factor_everywhere_but_locally(environment: str, must: bool) -> None:
    assert made(environment).privileged_have_two is must


def test_a_bundle_must_be_refreshed_before_it_is_stale_and_be_stale_before_it_expires() -> None:
    ages = made("local", policy_refresh_seconds=1, policy_staleness_seconds=2, policy_expiry_seconds=3)
    assert (ages.policy_refresh_seconds, ages.policy_staleness_seconds, ages.policy_expiry_seconds) == (1, 2, 3)
    for given in (
        {"policy_refresh_seconds": 300},
        {"policy_staleness_seconds": 30},
        {"policy_staleness_seconds": 3600},
        {"policy_expiry_seconds": 300},
    ):
        with pytest.raises(ValidationError, match=r"ELCORP_POLICY_REFRESH_SECONDS .* must be less than ELCORP_POLICY_STALENESS"):
            made("local", **given)


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_a_folder_of_files_must_be_declared_to_be_shared(environment: str) -> None:
    with pytest.raises(ValidationError, match="ELCORP_OBJECTS_URL is a folder, but every process"):
        made(environment, objects_url="file:///files")
    assert made(environment, objects_url="file:///files", objects_folder_shared=True).objects_url == "file:///files"
    assert made("local", objects_url="file:///files").objects_folder_shared is False
    assert made(environment, objects_url="s3://files/elcorp").objects_url == "s3://files/elcorp"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("objects_url", "/files"),
        ("objects_url", "file://files"),
        ("objects_url", "s3://"),
        ("objects_url", "s3://b/x?y"),
        ("objects_url", "s3://key:secret@bucket/x"),
        ("objects_endpoint", "http://minio:9000"),
        ("objects_endpoint", "minio:9000"),
        ("scanner_url", "clamd:3310"),
        ("scanner_url", "tcp://clamd"),
        ("scanner_url", "unix://clamd.ctl"),
    ],
)
def test_a_place_of_files_that_no_client_could_use_is_refused(setting: str, value: str) -> None:
    with pytest.raises(ValidationError, match=setting):
        made("staging", **{setting: value})


def test_half_of_the_bucket_s_credentials_is_refused() -> None:
    half = made("staging", objects_access_key_id="AKIA1")
    assert [problem for problem in half.unreadable() if "OBJECTS" in problem] == [
        "ELCORP_OBJECTS_ACCESS_KEY_ID and ELCORP_OBJECTS_SECRET_ACCESS_KEY belong together; set both or neither"
    ]
    whole = made("staging", objects_access_key_id="AKIA1", objects_secret_access_key=SecretStr("Zk3vQ"))
    assert list(whole.unreadable()) == []
