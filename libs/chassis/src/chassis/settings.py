"""Settings of one process, read only from the environment (`ELCORP_…`)."""

import base64
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import ClassVar, Final, Literal, Self, get_origin
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis import verified_urls

PREFIX: Final = "ELCORP_"
MASTER_KEY_BYTES = 32
_OTLP_GRPC_PORT = 4317
# Placeholders from examples: with such a secret, anyone has access.
_PLACEHOLDERS = ("changeme", "change-me", "placeholder", "secret", "password", "example", "postgres:postgres@", "guest:guest@")
# The servers of `make run`.
_LOCAL_URLS = {"rabbitmq_url": "amqp://guest:guest@127.0.0.1:5673/", "redis_url": "redis://127.0.0.1:6380/0"}


# The form of each setting that a process or command may need, for the message that it is not set.
_FORMS: Final = {
    "database_url": "postgresql://payments_app:…@host:5432/payments, the service's runtime role",
    "database_owner_url": "postgresql://payments_owner:…@host:5432/payments, the role that owns the schema",
    "database_relay_url": "postgresql://payments_relay:…@host:5432/payments, the role that deletes sent outbox rows",
    "rabbitmq_url": "amqps://user:…@host:5671/",
    "redis_url": "rediss://:…@host:6379/0",
    "master_key": "base64 of 32 bytes, or a file in ELCORP_MASTER_KEY_FILE",
}


class SettingRefused(Exception):
    """A setting does not fit what is stored. The message names it and says what to do; the process exits with status 2."""


class Contradictions(ValueError):
    """Settings that do not fit together; `settings` are those that were made."""

    def __init__(self, settings: "ProcessSettings", problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.settings = settings
        self.problems = problems


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return f"{PREFIX}{name.upper()}"


class ProcessSettings(BaseSettings):
    """Settings of every process, including the gateway."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True, enable_decoding=False
    )
    # Secrets that are checked at use: the process starts even if one is invalid.
    CHECKED_IN_USE: ClassVar[frozenset[str]] = frozenset()

    # Strict unless set to `local`, for a developer's machine.
    environment: Literal["local", "staging", "production"] = "production"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    otlp_endpoint: str | None = None
    # How long to keep serving after SIGTERM while endpoints drain, then how long requests in progress may take.
    drain_seconds: float = Field(default=0, ge=0, le=60)
    shutdown_seconds: float = Field(default=20, ge=0, le=300)

    # The authority of PostgreSQL's, RabbitMQ's and Redis' certificates. If set, every connection uses TLS and is verified.
    backing_ca_file: Path | None = None
    # Outside local: allow connections without TLS, because no other host can listen on the network.
    backing_plain: bool = False
    # Empty in a process that does not use them; connecting with an empty URL is an error.
    rabbitmq_url: SecretStr = SecretStr("")
    redis_url: SecretStr = SecretStr("")

    # The URL by which clients reach the gateway. It is also the issuer of access tokens: clients build the URL of the issuer's
    # metadata from it, and refuse metadata of another issuer (RFC 8414 sections 3.1 and 3.3).
    public_url: str = Field(default="http://localhost:8000", pattern=r"^https?://[^/?#]+$")
    # During a change of the issuer: tokens of the previous issuer are accepted too, and none are issued.
    former_token_issuer: str | None = None
    token_audience: str = "elcorp"  # noqa: S105
    jwks_url: str = "http://127.0.0.1:8101/.well-known/jwks.json"
    trusted_proxies: tuple[str, ...] = ("127.0.0.0/8", "::1/128")

    @property
    def token_issuer(self) -> str:
        """Return the `iss` of access tokens."""
        return self.public_url

    @property
    def privileged_have_two(self) -> bool:
        """Whether users with more permissions than the default role need a second factor: everywhere except locally."""
        return self.environment != "local"

    @field_validator("*", mode="before")
    @classmethod
    def decode(cls, given: object, info: ValidationInfo) -> object:
        """Read the text of a list or a table of values as JSON; amounts stay exact."""
        kind = get_origin(cls.model_fields[str(info.field_name)].annotation)
        if not isinstance(given, str) or kind not in {tuple, dict}:
            return given
        try:
            return json.loads(given, parse_float=Decimal)
        except ValueError:
            example = '["a", "b"]' if kind is tuple else '{"NAD": "100.00"}'
            raise ValueError(f"it must be JSON, such as {example}") from None

    @field_validator("otlp_endpoint")
    @classmethod
    def refuse_grpc_endpoint(cls, endpoint: str | None) -> str | None:
        """Refuse the port of OTLP over gRPC: every export would fail, and no trace would arrive."""
        if endpoint and urlsplit(endpoint).port == _OTLP_GRPC_PORT:
            raise ValueError(f"port {_OTLP_GRPC_PORT} is for gRPC, but traces are exported over HTTP, usually to 4318")
        return endpoint

    @field_validator("backing_ca_file", mode="before")
    @classmethod
    def take_empty_for_none(cls, given: object) -> object:
        """Read an empty variable as None; Path would make it the working directory."""
        return None if given == "" else given

    @field_validator("rabbitmq_url", "redis_url")
    @classmethod
    def default_to_local_servers(cls, given: SecretStr, info: ValidationInfo) -> SecretStr:
        """Default to the local servers, only in `local` and without TLS."""
        is_local = info.data.get("environment") == "local" and info.data.get("backing_ca_file") is None
        return SecretStr(_LOCAL_URLS[str(info.field_name)]) if is_local and not given.get_secret_value() else given

    @field_validator("rabbitmq_url")
    @classmethod
    def verify_rabbitmq(cls, given: SecretStr, info: ValidationInfo) -> SecretStr:
        return _verified(given, info, verified_urls.RABBITMQ)

    @field_validator("redis_url")
    @classmethod
    def verify_redis(cls, given: SecretStr, info: ValidationInfo) -> SecretStr:
        return _verified(given, info, verified_urls.REDIS)

    @model_validator(mode="after")
    def refuse_contradictions(self) -> Self:
        """Refuse settings that do not fit together; names them all, one per line."""
        if found := list(self.contradictions()):
            raise Contradictions(self, found)
        return self

    def contradictions(self) -> Iterator[str]:
        """Yield what does not fit together; a subclass adds its own to these."""
        yield from self._placeholders()
        yield from self._unmeant_plain_connections()

    def _placeholders(self) -> Iterator[str]:
        """Refuse placeholder secrets outside local."""
        if self.environment == "local":
            return
        for name, value in self:
            if name in self.CHECKED_IN_USE:
                continue
            if isinstance(value, SecretStr) and any(mark in self._secret_part(name, value).lower() for mark in _PLACEHOLDERS):
                yield f"{variable(name)} holds a placeholder; {self.environment} needs a real secret (ELCORP_ENVIRONMENT)"

    def _unmeant_plain_connections(self) -> Iterator[str]:
        """Require an explicit setting for connections without TLS, and the same choice for all connections of a process."""
        if self.backing_ca_file and self.backing_plain:
            yield "ELCORP_BACKING_CA_FILE requires TLS and ELCORP_BACKING_PLAIN disables it; set only one of them"
        if self.environment != "local" and not self.backing_ca_file and not self.backing_plain:
            yield (
                f"ELCORP_BACKING_CA_FILE is not set; {self.environment} connects to PostgreSQL, RabbitMQ and Redis by TLS. "
                "Set it to the file with their authority's certificate, or ELCORP_BACKING_PLAIN=true where no other host can "
                "listen on the network"
            )

    def missing(self, needs: Sequence[str]) -> Iterator[str]:
        """Yield a problem for each needed setting that is not set."""
        for name in needs:
            value = getattr(self, name)
            if not (value.get_secret_value() if isinstance(value, SecretStr) else value):
                yield f"{variable(name)} is not set: {_FORMS[name]}"

    def unreadable(self) -> Iterator[str]:
        """Yield a problem for each file or key that cannot be used.

        Not a part of the validation: settings are also built where files are not mounted, for example in the tests of k8s.
        """
        try:
            self.require_authority()
        except OSError as error:
            yield f"ELCORP_BACKING_CA_FILE: {error}"

    def require_authority(self) -> None:
        """Raise OSError, which names the file, if the authority of the servers' certificates cannot be read."""
        if self.backing_ca_file:
            verified_urls.trusting(str(self.backing_ca_file))

    def _secret_part(self, name: str, value: SecretStr) -> str:
        # The parameters of a verified URL hold no secret, but maybe a file name such as /run/secrets/ca.crt.
        text = value.get_secret_value()
        return text.partition("?")[0] if self.backing_ca_file and name.endswith("_url") else text


class ServiceSettings(ProcessSettings):
    """Settings of every service; each service adds its own."""

    NAME: ClassVar[str]
    # The gRPC peers that this service may call; `rpc.connect` refuses others, and tests compare the network policies with it.
    PEERS: ClassVar[tuple[str, ...]] = ()

    database_url: SecretStr = SecretStr("")
    database_owner_url: SecretStr = SecretStr("")
    # The relay's role, in `work` processes: it alone deletes outbox rows and numbers the journal of audit facts.
    database_relay_url: SecretStr = SecretStr("")
    # `chassis.persistence.connection_budget` counts the other connections of a process.
    database_pool_size: int = Field(default=10, ge=1, le=100)
    # The database URL leads to PgBouncer in transaction mode. Only `serve` can use it: the others listen and keep session locks.
    database_pooled: bool = False
    # Set to false if PgBouncer is older than 1.21, or its max_prepared_statements is 0.
    database_prepared: bool = True
    # Connections with which a `jobs` process fetches jobs and records outcomes; the jobs themselves use the database's pool.
    job_pool_size: int = Field(default=4, ge=1, le=100)

    # How often jobs that catch up to now run.
    job_seconds: int = Field(default=60, ge=1, le=60)
    # Without a heartbeat for this long, a worker counts as dead and its jobs are given to others. It beats five times as often.
    job_silence_seconds: int = Field(default=10, ge=1, le=600)

    # The policy bundle is refreshed on events and at this interval. After these ages it decides only reads, then nothing.
    policy_refresh_seconds: float = Field(default=30, ge=1, le=3600)
    policy_staleness_seconds: float = Field(default=300, ge=1, le=86_400)
    policy_expiry_seconds: float = Field(default=3600, ge=1, le=604_800)
    # The part of the decisions to allow that the decision log gets; it gets every denial.
    policy_allows_logged_ratio: float = Field(default=0.01, ge=0, le=1)

    # How long a request may take whose route declares no other time. After it the answer is 503.
    request_seconds: float = Field(default=7, gt=0, le=60)

    # The pause between two checkpoints of the audit log that a `work` process keeps.
    checkpoint_keep_seconds: float = Field(default=60, ge=1, le=3600)

    rest_host: str = "127.0.0.1"
    rest_port: int = Field(default=8101, ge=0, le=65535)
    grpc_host: str = "127.0.0.1"
    grpc_port: int = Field(default=9101, ge=0, le=65535)
    # How long an RPC may take whose requests or responses stream, as its server and as its caller.
    rpc_stream_seconds: float = Field(default=60, ge=1, le=600)
    # Mutual TLS between services: all three or none. Probes use no TLS, so health then has its own port without TLS.
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    tls_ca_file: Path | None = None
    # A second authority, during a replacement: peers with its certificates are trusted too. The file may be missing.
    tls_other_ca_file: Path | None = None
    grpc_health_port: int | None = Field(default=None, ge=0, le=65535)
    ops_host: str = "127.0.0.1"
    ops_port: int = Field(default=8201, ge=0, le=65535)

    identity_target: str = "dns:///127.0.0.1:9101"
    payments_target: str = "dns:///127.0.0.1:9102"
    governance_target: str = "dns:///127.0.0.1:9103"
    compliance_target: str = "dns:///127.0.0.1:9104"

    master_key: SecretStr = SecretStr("")
    master_key_file: Path | None = None
    # During a replacement of the master key: opens what was sealed with the other key, and seals nothing.
    other_master_key: SecretStr = SecretStr("")
    other_master_key_file: Path | None = None
    # The key of keyed digests (blind indexes, refresh tokens, backup codes). It never changes. If it is not set, digests use the
    # master key, which then cannot be replaced.
    digest_key: SecretStr = SecretStr("")
    digest_key_file: Path | None = None

    @field_validator("database_url", "database_owner_url", "database_relay_url")
    @classmethod
    def verify_database(cls, given: SecretStr, info: ValidationInfo) -> SecretStr:
        return _verified(given, info, verified_urls.POSTGRES)

    def target(self, peer: str) -> str:
        """Return the gRPC target of a peer, such as `dns:///compliance-grpc:9104`."""
        target: str = getattr(self, f"{peer}_target")
        return target

    def contradictions(self) -> Iterator[str]:
        yield from super().contradictions()
        files = {name: getattr(self, name) for name in ("tls_cert_file", "tls_key_file", "tls_ca_file")}
        absent = [variable(name) for name, file in files.items() if file is None]
        if 0 < len(absent) < len(files):
            yield f"{' and '.join(absent)} not set: mutual TLS needs all of certificate, key and authority, or none"
        # Otherwise the policy bundle would be stale between two refreshes, or expired before it is stale.
        if not self.policy_refresh_seconds < self.policy_staleness_seconds < self.policy_expiry_seconds:
            yield (
                f"ELCORP_POLICY_REFRESH_SECONDS ({self.policy_refresh_seconds:g}) must be less than "
                f"ELCORP_POLICY_STALENESS_SECONDS ({self.policy_staleness_seconds:g}), and that less than "
                f"ELCORP_POLICY_EXPIRY_SECONDS ({self.policy_expiry_seconds:g})"
            )

    def missing(self, needs: Sequence[str]) -> Iterator[str]:
        by_file = "master_key" if self.master_key_file else None
        yield from super().missing([name for name in needs if name != by_file])

    def unreadable(self) -> Iterator[str]:
        yield from super().unreadable()
        for name in ("master_key", "other_master_key", "digest_key"):
            try:
                self._given_key(name)
            except (OSError, ValueError) as error:
                yield str(error) if isinstance(error, ValueError) else f"{variable(name)}_FILE: {error}"

    def _given_key(self, name: str) -> bytes | None:
        value: SecretStr = getattr(self, name)
        file: Path | None = getattr(self, f"{name}_file")
        return _read_key(name.upper(), value, file) if file or value.get_secret_value() else None

    def key(self) -> bytes:
        """Return the master key: 32 bytes, given as base64 in the environment or in a mounted file."""
        return _read_key("MASTER_KEY", self.master_key, self.master_key_file)

    def keys(self) -> tuple[bytes, ...]:
        """Return the master key that seals, followed by the one that only opens, if set."""
        other, file = self.other_master_key, self.other_master_key_file
        given = file is not None or bool(other.get_secret_value())
        return (self.key(), _read_key("OTHER_MASTER_KEY", other, file)) if given else (self.key(),)

    @property
    def has_digest_key(self) -> bool:
        return self.digest_key_file is not None or bool(self.digest_key.get_secret_value())

    def digest(self) -> bytes:
        """Return the key of keyed digests: 32 bytes."""
        return _read_key("DIGEST_KEY", self.digest_key, self.digest_key_file) if self.has_digest_key else self.key()


def _verified(given: SecretStr, info: ValidationInfo, client: verified_urls.Client) -> SecretStr:
    """Return the URL for clients; it verifies the server if an authority is set."""
    url, authority = given.get_secret_value(), info.data.get("backing_ca_file")
    return SecretStr(verified_urls.verified(url, client, authority)) if url and authority else given


def _read_key(name: str, value: SecretStr, file: Path | None) -> bytes:
    text = file.read_text().strip() if file else value.get_secret_value()
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != MASTER_KEY_BYTES:
        raise ValueError(f"ELCORP_{name} (or the file ELCORP_{name}_FILE names) must be base64 of 32 bytes")
    return key
