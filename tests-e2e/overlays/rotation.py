"""Replace an environment's certificates, passwords and keys while people pay, by the steps of the documents."""

import secrets
from base64 import b64encode
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from urllib.parse import urlsplit, urlunsplit

from overlays.environment import certificate, make_authority
from overlays.pod import Pod
from overlays.running_overlay import RunningOverlay

from chassis.testing.certificates import Authority, presented_serial
from chassis.testing.running import eventually
from elcorp_local.port_numbers import SERVICES

_WITH_KEYS = ("identity", "identity-jobs")


async def renew_certificates(here: RunningOverlay, *, former: Authority | None = None) -> None:
    """Replace each service's certificate in its Secret; nothing is restarted. `former` is the authority of the old ones."""
    client = _client(here.environment.services, trusting=former or here.environment.services)
    before = {pod.address: await _serial(client, pod) for pod in _answering(here)}
    for service in SERVICES:
        here.cluster.secrets[f"{service}-tls"] = certificate(here.environment.services, [service, f"{service}-grpc"])
    here.cluster.remount()
    for pod in _answering(here):

        async def is_renewed(pod: Pod = pod) -> bool:
            return await _serial(client, pod) != before[pod.address]

        await eventually(is_renewed)


async def replace_authority(here: RunningOverlay) -> None:
    """Replace the authority of the services' certificates by the steps of docs/kubernetes.md; nothing is restarted."""
    former, new = here.environment.services, make_authority(here.cluster.folder / "new-authority")
    here.cluster.secrets["internal-ca-other"] = {"ca.crt": (former.pem + new.pem).decode()}
    here.cluster.remount()
    client = _client(new, trusting=former)
    for pod in _answering(here):

        async def is_trusted(pod: Pod = pod) -> bool:
            try:
                return await _serial(client, pod) > 0
            except OSError:
                return False

        await eventually(is_trusted)
    here.environment.services = new
    await renew_certificates(here, former=former)
    here.cluster.secrets["internal-ca-other"] = {}
    here.cluster.remount()


async def rotate_token_key(here: RunningOverlay) -> None:
    """Let the next key sign access tokens, as if it had been published long enough."""
    with here.servers.superuser("identity") as superuser:
        superuser.execute("UPDATE signing_keys SET created_at = created_at - interval '1 day' WHERE activated_at IS NULL")
    [pod] = here.cluster.pods["identity"]
    await pod.execute("python", "-m", "identity", "rotate-keys")


async def replace_passwords_and_master_key(here: RunningOverlay) -> None:
    """Replace the processes' passwords at PostgreSQL, RabbitMQ and Redis, and the key that encrypts personal data."""
    cluster, identity = here.cluster, here.cluster.secrets["identity-runtime"]
    new_key = b64encode(secrets.token_bytes(32)).decode()
    identity["other-master-key"] = new_key
    await cluster.roll(_WITH_KEYS)

    identity["other-master-key"], identity["master-key"] = identity["master-key"], new_key
    passwords = {service: secrets.token_urlsafe(24) for service in SERVICES}
    for service in SERVICES:
        here.servers.databases("login", service, f"{service}_app_b", LOGIN_PASSWORD=passwords[service])
    broker, redis = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    here.servers.broker_user("elcorp_b", broker)
    old_redis = here.environment.passwords["REDIS_PASSWORD"]
    here.servers.redis_passwords(old_redis, redis, before=old_redis)
    for service, runtime in ((name, cluster.secrets[f"{name}-runtime"]) for name in ("gateway", *SERVICES)):
        for key in runtime.keys() & {"database-url", "pooled-database-url"}:
            runtime[key] = _login(runtime[key], f"{service}_app_b", passwords[service])
        runtime["rabbitmq-url"] = _login(runtime["rabbitmq-url"], "elcorp_b", broker)
        runtime["redis-url"] = _login(runtime["redis-url"], "", redis)
    await cluster.roll()

    [pod] = cluster.pods["identity-jobs"]
    await pod.execute("python", "-m", "identity", "rotate-master-key")
    del identity["other-master-key"]
    await cluster.roll(_WITH_KEYS)
    _disable_old_passwords(here, redis, old_redis)


def _disable_old_passwords(here: RunningOverlay, redis: str, old_redis: str) -> None:
    here.servers.remove_broker_user("elcorp")
    here.servers.redis_passwords(redis, before=old_redis)
    here.environment.passwords["REDIS_PASSWORD"] = redis
    for service in SERVICES:
        with here.servers.superuser(service) as superuser:
            # The pooler keeps these sessions for five minutes, although no process uses the login any more.
            superuser.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s", (f"{service}_app",)
            )
        here.servers.databases("retire", service, f"{service}_app")


def _login(url: str, user: str, password: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{parts.hostname}:{parts.port}"))


def _answering(here: RunningOverlay) -> list[Pod]:
    return [pod for pods in here.cluster.pods.values() for pod in pods if "grpc" in pod.spec.ports]


def _client(authority: Authority, *, trusting: Authority) -> SSLContext:
    """Return the TLS context of a peer that `authority` certifies and that trusts the servers of both authorities."""
    context = SSLContext(PROTOCOL_TLS_CLIENT)
    # Pods are reached by IP address here.
    context.check_hostname = False
    context.load_verify_locations(cadata=(authority.pem + trusting.pem).decode())
    context.set_alpn_protocols(["h2"])
    issued = authority.issue("probe")
    context.load_cert_chain(issued["tls_cert_file"], issued["tls_key_file"])
    return context


async def _serial(client: SSLContext, pod: Pod) -> int:
    """Return the serial number of the certificate that a pod presents to peers. Raises OSError if it refuses the client's."""
    return await presented_serial(pod.address, pod.spec.ports["grpc"], client)
