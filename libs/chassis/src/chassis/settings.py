"""Settings of every service, in addition to those of every process."""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import ClassVar, Final

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from chassis import verified_urls
from chassis.business_time.day_overrides import DayOverride, DayOverrides, read_day_overrides
from chassis.process_settings import ProcessSettings, SettingRefused, variable, verified

MASTER_KEY_BYTES = 32
_PLACE: Final = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._-]+)*|file:///[^?#]+")
_SCANNER: Final = re.compile(r"tcp://[^/?#]+:[0-9]{1,5}|unix:///[^?#]+")


class ServiceSettings(ProcessSettings):
    """Settings of every service; each service adds its own."""

    NAME: ClassVar[str]
    # The gRPC peers that this service may call; `rpc.connect` refuses others, and tests compare the network policies with it.
    PEERS: ClassVar[tuple[str, ...]] = ()

    # The settings that are keys of 32 bytes, given as base64 or, by the name with `_file`, in a mounted file.
    KEYS: ClassVar[tuple[str, ...]] = ("master_key", "other_master_key", "digest_key")

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
    job_pool_size: int = Field(default=4, ge=2, le=100)

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

    # Where files are kept: `s3://bucket/prefix`, or a folder as `file:///path`. Outside `local`, a folder is refused unless it is
    # declared to be one volume that all processes of the service share.
    objects_url: str = ""
    objects_folder_shared: bool = False
    # The endpoint of a server other than Amazon's, such as https://minio:9000, and the region that requests are signed for.
    objects_endpoint: str = ""
    objects_region: str = "af-south-1"
    # Without them, the credentials of the pod's role are used.
    objects_access_key_id: str = ""
    objects_secret_access_key: SecretStr = SecretStr("")
    # clamd, which scans files before they are stored: `tcp://clamd:3310` or `unix:///run/clamav/clamd.ctl`. Empty: no scanning.
    scanner_url: str = ""

    rest_host: str = "127.0.0.1"
    rest_port: int = Field(default=8101, ge=0, le=65535)
    grpc_host: str = "127.0.0.1"
    grpc_port: int = Field(default=9101, ge=0, le=65535)
    # How long an RPC may take whose requests or responses stream, as its server and as its caller.
    rpc_stream_seconds: float = Field(default=60, ge=1, le=600)
    # Days that were declared closed or open in Namibia: {"2026-12-11": {"open": false, "name": "Day of national mourning"}}.
    day_overrides: DayOverrides = Field(default_factory=dict)
    day_overrides_file: Path | None = None
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

    @field_validator("objects_url")
    @classmethod
    def require_place(cls, given: str) -> str:
        if given and not _PLACE.fullmatch(given):
            raise ValueError("it must be s3://bucket/prefix or file:///path")
        return given

    @field_validator("objects_endpoint")
    @classmethod
    def require_endpoint(cls, given: str, info: ValidationInfo) -> str:
        schemes = "https?" if info.data.get("environment") == "local" else "https"
        if given and not re.fullmatch(rf"{schemes}://[^/?#]+", given):
            raise ValueError("it must be https://host:port; only local may use http")
        return given

    @field_validator("scanner_url")
    @classmethod
    def require_scanner(cls, given: str) -> str:
        if given and not _SCANNER.fullmatch(given):
            raise ValueError("it must be tcp://host:port or unix:///path")
        return given

    @field_validator("database_url", "database_owner_url", "database_relay_url")
    @classmethod
    def verify_database(cls, given: SecretStr, info: ValidationInfo) -> SecretStr:
        return verified(given, info, verified_urls.POSTGRES)

    @property
    def declared_days(self) -> Mapping[date, DayOverride]:
        """Return the overrides of the calendar; the file prevails over the variable. Raises SettingRefused."""
        file = self.day_overrides_file
        return {**self.day_overrides, **(read_day_overrides(file) if file else {})}

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
        if self.environment != "local" and self.objects_url.startswith("file:") and not self.objects_folder_shared:
            yield (
                "ELCORP_OBJECTS_URL is a folder, but every process of a service must see the same files. Use s3://bucket/prefix, "
                "or set ELCORP_OBJECTS_FOLDER_SHARED=true where the folder is one volume that all of them mount"
            )
        # Otherwise the policy bundle would be stale between two refreshes, or expired before it is stale.
        if not self.policy_refresh_seconds < self.policy_staleness_seconds < self.policy_expiry_seconds:
            yield (
                f"ELCORP_POLICY_REFRESH_SECONDS ({self.policy_refresh_seconds:g}) must be less than "
                f"ELCORP_POLICY_STALENESS_SECONDS ({self.policy_staleness_seconds:g}), and that less than "
                f"ELCORP_POLICY_EXPIRY_SECONDS ({self.policy_expiry_seconds:g})"
            )

    def missing(self, needs: Sequence[str]) -> Iterator[str]:
        yield from super().missing([name for name in needs if getattr(self, f"{name}_file", None) is None])

    def unreadable(self) -> Iterator[str]:
        yield from super().unreadable()
        try:
            _ = self.declared_days
        except SettingRefused as error:
            yield str(error)
        if bool(self.objects_access_key_id) != bool(self.objects_secret_access_key.get_secret_value()):
            yield "ELCORP_OBJECTS_ACCESS_KEY_ID and ELCORP_OBJECTS_SECRET_ACCESS_KEY belong together; set both or neither"
        for name in self.KEYS:
            try:
                self._given_key(name)
            except (OSError, ValueError) as error:
                yield str(error) if isinstance(error, ValueError) else f"{variable(name)}_FILE: {error}"

    def _given_key(self, name: str) -> bytes | None:
        value: SecretStr = getattr(self, name)
        file: Path | None = getattr(self, f"{name}_file")
        return read_key(name.upper(), value, file) if file or value.get_secret_value() else None

    def key(self) -> bytes:
        """Return the master key: 32 bytes, given as base64 in the environment or in a mounted file."""
        return read_key("MASTER_KEY", self.master_key, self.master_key_file)

    def keys(self) -> tuple[bytes, ...]:
        """Return the master key that seals, followed by the one that only opens, if set."""
        other, file = self.other_master_key, self.other_master_key_file
        given = file is not None or bool(other.get_secret_value())
        return (self.key(), read_key("OTHER_MASTER_KEY", other, file)) if given else (self.key(),)

    @property
    def has_digest_key(self) -> bool:
        return self.digest_key_file is not None or bool(self.digest_key.get_secret_value())

    def digest(self) -> bytes:
        """Return the key of keyed digests: 32 bytes."""
        return read_key("DIGEST_KEY", self.digest_key, self.digest_key_file) if self.has_digest_key else self.key()


def read_key(name: str, value: SecretStr, file: Path | None) -> bytes:
    """Return a key of 32 bytes, given as base64 or in a mounted file. Raise ValueError, which names the variable."""
    text = file.read_text().strip() if file else value.get_secret_value()
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != MASTER_KEY_BYTES:
        raise ValueError(f"ELCORP_{name} (or the file ELCORP_{name}_FILE names) must be base64 of 32 bytes")
    return key
