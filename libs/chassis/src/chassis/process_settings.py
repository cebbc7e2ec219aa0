"""Settings of every process, read only from the environment (`ELCORP_…`)."""

import ipaddress
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
    "objects_url": "s3://bucket/prefix, or file:///path for a folder that all processes of the service share",
    "approval_key": "base64 of 32 bytes, or a file in ELCORP_APPROVAL_KEY_FILE",
    "report_key": "base64 of 32 bytes, or a file in ELCORP_REPORT_KEY_FILE",
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
        try:
            port = urlsplit(endpoint or "").port
        except ValueError:
            raise ValueError("the port must be a number") from None
        if port == _OTLP_GRPC_PORT:
            raise ValueError(f"port {_OTLP_GRPC_PORT} is for gRPC, but traces are exported over HTTP, usually to 4318")
        return endpoint

    @field_validator("trusted_proxies")
    @classmethod
    def require_networks(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for each in given:
            try:
                ipaddress.ip_network(each)
            except ValueError as error:
                raise ValueError(f"{error}; each must be an address or a network, such as 10.0.0.0/8") from None
        return given

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
        return verified(given, info, verified_urls.RABBITMQ)

    @field_validator("redis_url")
    @classmethod
    def verify_redis(cls, given: SecretStr, info: ValidationInfo) -> SecretStr:
        return verified(given, info, verified_urls.REDIS)

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


def verified(given: SecretStr, info: ValidationInfo, client: verified_urls.Client) -> SecretStr:
    """Return the URL for clients; it verifies the server if an authority is set. Raises ValueError if no client could use it."""
    url, authority = given.get_secret_value(), info.data.get("backing_ca_file")
    if url and not authority:
        verified_urls.require_form(url, client)
    return SecretStr(verified_urls.verified(url, client, authority)) if url and authority else given
