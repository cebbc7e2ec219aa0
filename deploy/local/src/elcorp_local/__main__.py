"""`python -m elcorp_local`: the platform on this machine, for people who work on it or try it."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from elcorp_local import secrets
from elcorp_local.backing import start_backing
from elcorp_local.backing.process import ServerFailed
from elcorp_local.platform import Platform
from elcorp_local.ports import Ports, PortTaken
from elcorp_local.supervisor import ProcessDied

ROOT = Path.cwd()
FOLDER = ROOT / ".local"


def say(line: str) -> None:
    print(f"  {line}", flush=True)


def main() -> int:
    arguments = _parser().parse_args()
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return run(arguments)
    except (PortTaken, ServerFailed, ProcessDied, RuntimeError) as failure:
        print(f"\n✗ {failure}", file=sys.stderr, flush=True)
        return 1


def run_platform(arguments: argparse.Namespace) -> int:
    """Start everything, walk the journey, then serve until Ctrl-C."""
    stop = _stop_on_signals()
    started = time.monotonic()
    print("Starting the platform", flush=True)
    with Platform.start(FOLDER, ports=Ports.from_environment(), say=say) as platform:
        if platform.secrets_are_new:
            who = f"administrator {platform.admin_email}, password {platform.admin_password}"
            say(f"{who}  (shown once; kept in .local/secrets.env)")
        print(f"Ready in {time.monotonic() - started:.1f} s\n", flush=True)
        status = _walk(platform.url, platform.admin_email, platform.admin_password)
        if arguments.once or status:
            return status
        print(
            f"\nServing at {platform.url}  (API documentation: {platform.url}/docs; logs: .local/logs). Ctrl-C stops.", flush=True
        )
        while not stop.wait(0.5):
            if platform.supervisor.gave_up.is_set():
                return 1
        print("\nStopping", flush=True)
    return 0


def run_journey(arguments: argparse.Namespace) -> int:
    """Walk the journey against a platform that runs already."""
    password = os.environ.get("ELCORP_ADMIN_PASSWORD")
    email = os.environ.get("ELCORP_ADMIN_EMAIL", "admin@elcorp.na")
    file = FOLDER / "secrets.env"
    if not password and file.exists():
        kept, _ = secrets.load_or_create(file)
        email, password = kept["ELCORP_ADMIN_EMAIL"], kept["ELCORP_ADMIN_PASSWORD"]
    if not password:
        raise RuntimeError("set ELCORP_ADMIN_PASSWORD to the administrator's password")
    return _walk(arguments.url, email, password)


def run_backing(_arguments: argparse.Namespace) -> int:
    """Start PostgreSQL, RabbitMQ and Redis only; print the variables that the tests read."""
    stop = _stop_on_signals()
    with start_backing(FOLDER / "backing", say=say, fast=True) as backing:
        for name in ("postgres_url", "rabbitmq_url", "rabbitmq_management_url", "redis_url"):
            print(f"export ELCORP_TEST_{name.upper()}={getattr(backing, name)}", flush=True)
        stop.wait()
    return 0


def clean(_arguments: argparse.Namespace) -> int:
    """Remove everything that the platform stored here."""
    moved = FOLDER / "postgres" / "moved-to"
    if moved.exists():
        shutil.rmtree(moved.read_text(), ignore_errors=True)
    for entry in FOLDER.iterdir() if FOLDER.exists() else ():
        if entry.name == "uv":  # the tool that runs us, where make had to fetch it
            continue
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    print("removed the platform's data", flush=True)
    return 0


def bench(arguments: argparse.Namespace) -> int:
    """Run the benchmarks; they report and never fail."""
    command = [sys.executable, str(ROOT / "tests-e2e" / "bench.py"), *(["--only", arguments.only] if arguments.only else [])]
    return subprocess.run(command, check=False).returncode  # noqa: S603  # our own script


def _walk(url: str, email: str, password: str) -> int:
    environment = {**os.environ, "ELCORP_ADMIN_EMAIL": email, "ELCORP_ADMIN_PASSWORD": password}
    command = [sys.executable, str(ROOT / "tests-e2e" / "journey.py"), "--url", url]
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603  # our own script


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()

    def on_signal(_number: int, _frame: object) -> None:
        # The first asks to stop; a second, while something still starts or stops, insists.
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    return stop


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m elcorp_local", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
        made.set_defaults(run=run)
        return made

    once = command("run", run_platform)
    once.add_argument(
        "--once", action="store_true", default=bool(os.environ.get("ONCE")), help="stop after the journey (also ONCE=1)"
    )
    command("journey", run_journey).add_argument("--url", default="http://localhost:8000", help="where the gateway listens")
    command("backing", run_backing)
    command("clean", clean)
    command("bench", bench).add_argument("--only", help="the name of one benchmark")
    return parser


if __name__ == "__main__":
    sys.exit(main())
