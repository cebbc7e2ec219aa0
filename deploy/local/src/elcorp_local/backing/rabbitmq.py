"""A private RabbitMQ: with its own node name, cookie, ports and data, so that it never touches a system broker."""

import base64
import json
import os
import shutil
import signal
import urllib.error
import urllib.request
from pathlib import Path

from chassis.linux_processes import end_all
from elcorp_local.backing.certificates import ServerCertificates
from elcorp_local.backing.process import STOP_SECONDS_MAX, Server, ServerProcess
from elcorp_local.port_numbers import Ports

_PLAIN = "listeners.tcp.default = 127.0.0.1:{ports.rabbitmq}\n"
_TLS = """\
listeners.ssl.default = 127.0.0.1:{ports.rabbitmq_tls}
ssl_options.certfile = {certificate}
ssl_options.keyfile = {key}
ssl_options.cacertfile = {authority}
ssl_options.verify = verify_none
"""
_CONFIG = """\
management.tcp.ip = 127.0.0.1
management.tcp.port = {ports.rabbitmq_management}
log.file.level = warning
"""


def program() -> Path | None:
    """Find the server script; the wrapper that Debian puts on PATH would switch users."""
    direct = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    if direct.exists():
        return direct
    on_path = shutil.which("rabbitmq-server")
    return Path(on_path) if on_path else None


def start(folder: Path, ports: Ports, *, fast: bool, certificates: ServerCertificates | None = None) -> Server:
    script = program()
    if script is None:
        raise FileNotFoundError("rabbitmq-server")
    home = home_of(folder)
    home.mkdir(parents=True, exist_ok=True)
    (home / "rabbitmq.conf").write_text(_CONFIG.format(ports=ports) + _listeners(ports, certificates))
    (home / "enabled_plugins").write_text("[rabbitmq_management].\n")
    # The stores close within a moment; the node then waits six seconds for its helpers, which a test does not need.
    patience = 1.5 if fast else STOP_SECONDS_MAX
    server = ServerProcess("rabbitmq", home, [str(script)], _environment(home, ports), stop_seconds_max=patience)
    try:
        last_port = ports.rabbitmq_tls if certificates else ports.rabbitmq
        server.start_and_wait(lambda: is_healthy(urls(ports)["rabbitmq_management_url"], port=last_port))
    except BaseException:
        stop_leftover(folder)
        raise

    def stop() -> None:
        server.stop()
        stop_leftover(folder)

    return Server(urls(ports, certificates), stop, server.is_running)


def stop_leftover(folder: Path) -> None:
    """End the processes of this folder's broker: the script that started it, the node, and the node's port mapper."""
    home = home_of(folder)
    ServerProcess("rabbitmq", home, []).stop_leftover()
    mine = f"HOME={home}".encode()
    end_all(lambda entry: mine in (entry / "environ").read_bytes().split(b"\0"), signal.SIGTERM, seconds_max=STOP_SECONDS_MAX)


def home_of(folder: Path) -> Path:
    return (folder / "rabbitmq").absolute()


def urls(ports: Ports, certificates: ServerCertificates | None = None) -> dict[str, str]:
    plain, tls = f"amqp://guest:guest@127.0.0.1:{ports.rabbitmq}/", f"amqps://guest:guest@127.0.0.1:{ports.rabbitmq_tls}/"
    management = {"rabbitmq_management_url": f"http://guest:guest@127.0.0.1:{ports.rabbitmq_management}"}
    if certificates is None:
        return {"rabbitmq_url": plain, **management}
    return {"rabbitmq_url": tls if certificates.tls_only else plain, "rabbitmq_tls_url": tls, **management}


def is_healthy(management_url: str, *, port: int | None = None) -> bool:
    """Ask the management API whether the broker accepts clients, on the given port if any."""
    check = f"port-listener/{port}" if port else "protocol-listener/amqp091"
    scheme, _, rest = management_url.partition("://")
    credentials, _, host = rest.rpartition("@")
    request = urllib.request.Request(  # noqa: S310  # our own loopback URL
        f"{scheme}://{host}/api/health/checks/{check}",
        headers={"Authorization": "Basic " + base64.b64encode(credentials.encode()).decode()},
    )
    try:
        with urllib.request.urlopen(request, timeout=2) as response:  # noqa: S310
            return isinstance(json.load(response), dict)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def _listeners(ports: Ports, certificates: ServerCertificates | None) -> str:
    plain = _PLAIN.format(ports=ports)
    if certificates is None:
        return plain
    files = {name: getattr(certificates, name).absolute() for name in ("certificate", "key", "authority")}
    return ("listeners.tcp = none\n" if certificates.tls_only else plain) + _TLS.format(ports=ports, **files)


def _environment(home: Path, ports: Ports) -> dict[str, str]:
    return {
        "HOME": str(home),  # the Erlang cookie is made here; and by it we know our own processes
        # The data belong to the node name, which must not change with the ports.
        "RABBITMQ_NODENAME": "elcorp-local@localhost",
        "RABBITMQ_MNESIA_BASE": str(home / "data"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
        # Ignore the system broker's configuration in /etc/rabbitmq.
        "RABBITMQ_CONFIG_FILES": str(home / "no-more"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(home / "no-more.config"),
        "RABBITMQ_CONF_ENV_FILE": str(home / "no-more.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
        "RABBITMQ_PID_FILE": str(home / "broker.pid"),
        "RABBITMQ_DIST_PORT": str(ports.rabbitmq_dist),
        "RABBITMQ_NODE_PORT": str(ports.rabbitmq),
        # The distribution port is for other nodes, of which there are none. With the cookie it gives full control of the broker.
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none"
        " -kernel inet_dist_use_interface {127,0,0,1}",
        "ERL_EPMD_PORT": str(ports.epmd),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "LANG": os.environ.get("LANG", "C.UTF-8"),
    }
