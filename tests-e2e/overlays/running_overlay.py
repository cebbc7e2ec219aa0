"""An overlay with everything that it needs around it: Secrets, servers, a mail relay, a bucket, and an administrator."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from collector import Collector
from journey import Api, Journey, Person
from overlays.backing_servers import BackingServers
from overlays.cluster import Cluster, running
from overlays.environment import Authorities, Environment, make_authority
from overlays.mail_relay import MailRelay
from overlays.object_server import ObjectServer

from chassis.testing.certificates import Authority
from chassis.testing.running import endpoint

# An address range of the loopback network, one for each process that runs tests.
_NETWORK = f"127.{64 + os.getpid() % 128}"


@dataclass
class RunningOverlay:
    cluster: Cluster
    servers: BackingServers
    environment: Environment
    api: Api
    client: httpx.AsyncClient
    journey: Journey


@asynccontextmanager
async def run_overlay(
    overlay: str, folder: Path, servers: BackingServers, authorities: Authorities, collector: Collector
) -> AsyncIterator[RunningOverlay]:
    """Run an overlay for the length of the block."""
    environment = Environment(overlay, authorities, make_authority(folder / "services"))
    servers = replace(servers, tls=overlay != "local")
    servers.provide(environment.passwords)
    cluster = Cluster(overlay, folder, _NETWORK, {}, {}, authorities.public.file)
    cluster.secrets = environment.secrets(cluster.documents)
    cluster.outside = {**servers.outside(), "otel-collector.observability": {4318: endpoint(collector.url)}}
    smtp_host = cluster.environment_of("identity-jobs")["ELCORP_SMTP_HOST"]
    relay = MailRelay("identity", environment.vault["elcorp/identity-runtime"]["smtp-password"])
    if smtp_host:
        cluster.outside[smtp_host] = {587: ("127.0.0.1", relay.start(authorities.public.issue(smtp_host)))}
    try:
        with _serving_objects(cluster, authorities.public):
            async with running(cluster), httpx.AsyncClient(base_url=cluster.url, timeout=60) as client:
                email = cluster.environment_of("identity")["ELCORP_ADMIN_EMAIL"]
                admin, api = Person("Administrator", email=email, password=environment.admin_password), Api(client)
                journey = Journey(api, admin, print, relay.code_for if smtp_host else None)
                yield RunningOverlay(cluster, servers, environment, api, client, journey)
    finally:
        relay.stop()
        servers.unlock_redis(environment.passwords["REDIS_PASSWORD"])


@contextmanager
def _serving_objects(cluster: Cluster, authority: Authority) -> Iterator[None]:
    """Run the server of the overlay's bucket for the length of the block, unless the overlay keeps files in a folder."""
    payments = cluster.environment_of("payments")
    if host := urlsplit(payments.get("ELCORP_OBJECTS_ENDPOINT", "")).hostname:
        bucket = urlsplit(payments["ELCORP_OBJECTS_URL"]).netloc
        server = ObjectServer(bucket, payments["ELCORP_OBJECTS_REGION"], payments["ELCORP_OBJECTS_ACCESS_KEY_ID"])
        with server.running(authority.issue(host)) as port:
            cluster.outside = {**cluster.outside, host: {443: ("127.0.0.1", port)}}
            yield
    else:
        yield
