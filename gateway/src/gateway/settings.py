"""The gateway's settings, from the environment (`ELCORP_…`)."""

from pydantic import Field

from chassis.process_settings import ProcessSettings
from gateway.bodies import BodyLimits
from gateway.places import PlaceLimits
from gateway.routes import SERVICES


class GatewaySettings(ProcessSettings):
    """The gateway's settings in addition to those of every process. It has no secrets of its own."""

    gateway_host: str = "127.0.0.1"
    gateway_port: int = Field(default=8000, ge=0, le=65535)
    # /healthz, /readyz and /metrics; the public port serves only /healthz of these.
    ops_host: str = "127.0.0.1"
    ops_port: int = Field(default=8200, ge=0, le=65535)

    identity_url: str = "http://127.0.0.1:8101"
    payments_url: str = "http://127.0.0.1:8102"
    governance_url: str = "http://127.0.0.1:8103"
    compliance_url: str = "http://127.0.0.1:8104"

    # Origins whose pages may call the API from a browser, such as ["https://app.elcorp.na"].
    cors_origins: tuple[str, ...] = ()
    # Per address, for callers without a valid token; and per person, never less than per address.
    rate_limit_per_minute: int = Field(default=100, ge=1)
    person_rate_limit_per_minute: int = Field(default=600, ge=1)
    body_bytes_max: int = Field(default=1_048_576, ge=1)
    # See BodyLimits.
    body_seconds: float = Field(default=10, gt=0)
    body_bytes_per_second: int = Field(default=16_384, ge=1)
    body_seconds_max: float = Field(default=60, gt=0)
    body_whole_bytes_max: int = Field(default=65_536, ge=0)
    open_bodies_max: int = Field(default=32, ge=1)
    in_flight_max: int = Field(default=1000, ge=1)
    # Event streams of this gateway, which do not count as requests in progress, and of one person.
    open_streams_max: int = Field(default=100, ge=1)
    person_open_streams_max: int = Field(default=10, ge=1)
    # Long responses of this gateway, such as files, and of one person.
    open_downloads_max: int = Field(default=40, ge=1)
    person_open_downloads_max: int = Field(default=10, ge=1)
    # Connections to each service; uploads are the streamed bodies among them.
    upstream_connections_max: int = Field(default=200, ge=1)
    upstream_uploads_max: int = Field(default=50, ge=1)

    @property
    def person_limit(self) -> int:
        return max(self.person_rate_limit_per_minute, self.rate_limit_per_minute)

    def body_limits(self) -> BodyLimits:
        return BodyLimits(
            seconds=self.body_seconds,
            bytes_per_second=self.body_bytes_per_second,
            seconds_max=self.body_seconds_max,
            whole_bytes_max=self.body_whole_bytes_max,
            open_max=self.open_bodies_max,
        )

    def download_limits(self) -> PlaceLimits:
        # As of streams, so that both together leave a quarter of the connections.
        all_max = max(1, min(self.open_downloads_max, self.upstream_connections_max // 4))
        return PlaceLimits(all_max=all_max, person_max=self.person_open_downloads_max)

    def stream_limits(self) -> PlaceLimits:
        # Each stream holds a connection to its service: half of them stay for requests.
        all_max = max(1, min(self.open_streams_max, self.upstream_connections_max // 2))
        return PlaceLimits(all_max=all_max, person_max=self.person_open_streams_max)

    def upstreams(self) -> dict[str, str]:
        """Return the base URL of each service."""
        return {service: getattr(self, f"{service}_url").rstrip("/") for service in SERVICES}
