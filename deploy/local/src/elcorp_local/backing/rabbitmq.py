"""A private RabbitMQ: own node name, cookie, ports and data, so that a system broker is never met."""

import base64
import json
import os
import shutil
import signal
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from elcorp_local.backing.process import ServerProcess
from elcorp_local.ports import Ports

_CONFIG = """\
listeners.tcp.default = 127.0.0.1:{ports.rabbitmq}
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


def start(folder: Path, ports: Ports, *, fast: bool) -> tuple[dict[str, str], Callable[[], None]]:  # noqa: ARG001  # no such choice here
    script = program()
    if script is None:
        raise FileNotFoundError("rabbitmq-server")
    home = (folder / "rabbitmq").absolute()
    home.mkdir(parents=True, exist_ok=True)
    (home / "rabbitmq.conf").write_text(_CONFIG.format(ports=ports))
    (home / "enabled_plugins").write_text("[rabbitmq_management].\n")
    environment = {
        "HOME": str(home),
        # The data belong to the node name, which must not change with the ports.
        "RABBITMQ_NODENAME": "elcorp-local@localhost",
        "RABBITMQ_MNESIA_BASE": str(home / "data"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
        "RABBITMQ_CONFIG_FILES": str(home / "no-more"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
        "RABBITMQ_PID_FILE": str(home / "broker.pid"),
        "RABBITMQ_DIST_PORT": str(ports.rabbitmq_dist),
        "RABBITMQ_NODE_PORT": str(ports.rabbitmq),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none",
        "ERL_EPMD_PORT": str(ports.epmd),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "LANG": os.environ.get("LANG", "C.UTF-8"),
    }
    server = ServerProcess("rabbitmq", home, [str(script)], environment, stop_signal=signal.SIGTERM)
    server.start()
    management = urls(ports)["rabbitmq_management_url"]
    try:
        server.wait_ready(lambda: is_healthy(management))
    except BaseException:
        server.stop()
        raise

    def stop() -> None:
        server.stop()
        _stop_epmd(home, ports)

    return urls(ports), stop


def urls(ports: Ports) -> dict[str, str]:
    return {
        "rabbitmq_url": f"amqp://guest:guest@127.0.0.1:{ports.rabbitmq}/",
        "rabbitmq_management_url": f"http://guest:guest@127.0.0.1:{ports.rabbitmq_management}",
    }


def is_healthy(management_url: str) -> bool:
    """Ask the management API whether the broker takes clients."""
    scheme, _, rest = management_url.partition("://")
    credentials, _, host = rest.rpartition("@")
    request = urllib.request.Request(  # noqa: S310  # our own loopback URL
        f"{scheme}://{host}/api/health/checks/protocol-listener/amqp091",
        headers={"Authorization": "Basic " + base64.b64encode(credentials.encode()).decode()},
    )
    try:
        with urllib.request.urlopen(request, timeout=2) as response:  # noqa: S310
            return isinstance(json.load(response), dict)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def _stop_epmd(home: Path, ports: Ports) -> None:
    """End the port mapper that the node started for itself; it holds nothing else on its own port."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if (entry / "comm").read_text().strip() != "epmd":
                continue
            variables = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"ERL_EPMD_PORT={ports.epmd}".encode() in variables and f"HOME={home}".encode() in variables:
            os.kill(int(entry.name), signal.SIGTERM)
