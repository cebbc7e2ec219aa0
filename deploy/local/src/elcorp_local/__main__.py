"""`python -m elcorp_local`: runs the platform on this machine, for development and demonstration."""

import argparse
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from chassis.output import survive_closed_pipes
from elcorp_local import pids
from elcorp_local.administrator import Search
from elcorp_local.backing import start_backing
from elcorp_local.cleaning import clean
from elcorp_local.commands import PROGRAMS, command_of
from elcorp_local.failure import Failure
from elcorp_local.platform import Platform
from elcorp_local.platform_processes import ready_urls, replicas_of
from elcorp_local.port_numbers import REPLICAS_MAX, Ports
from elcorp_local.signals import StopRequested, StopSignals
from elcorp_local.supervisor import is_ready

INTERRUPTED = 130
SCRIPTS = "tests-e2e"


def say(line: str) -> None:
    print(f"  {line}", flush=True)


def main() -> int:
    survive_closed_pipes()
    arguments = _parser().parse_args()
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return run(arguments)
    except Failure as failure:
        print(f"\n✗ {failure}", file=sys.stderr, flush=True)
        return 1
    except StopRequested:
        return INTERRUPTED


def run_platform(arguments: argparse.Namespace) -> int:
    """Start everything, run the journey, then serve until Ctrl-C."""
    signals = StopSignals()
    signals.listen()
    started = time.monotonic()
    print("Starting the platform", flush=True)
    ports = Ports.from_environment(replicas=arguments.replicas)
    with Platform.start(arguments.folder, ports=ports, say=say) as platform:
        signals.insist = platform.supervisor.hurry
        _show_password(platform)
        print(f"Ready in {time.monotonic() - started:.1f} s\n", flush=True)
        status = _walk(platform.url, platform.admin_email, platform.admin_password)
        if arguments.once or status:
            return status
        documents = f"API documentation: {platform.url}/docs; logs: {arguments.folder / 'logs'}"
        copies = f", by {ports.replicas} of each process" if ports.replicas > 1 else ""
        print(f"\nServing at {platform.url}{copies}  ({documents}). Ctrl-C stops.", flush=True)
        try:
            while not platform.has_given_up():
                time.sleep(0.5)
        except StopRequested:
            print("\nStopping", flush=True)
            return 0
    return 1


def run_journey(arguments: argparse.Namespace) -> int:
    """Run the journey against a running platform."""
    admin = Search(arguments.url, arguments.folder, Path.cwd()).find()
    print(f"The administrator is {admin.email}; password from {admin.source}", flush=True)
    return _walk(arguments.url, admin.email, admin.password)


def run_command(arguments: argparse.Namespace) -> int:
    """Run a command of a service, such as `do payments ledger verify`, with the settings of the running platform."""
    given = _words(arguments.line) if arguments.line else arguments.command
    return command_of(arguments.folder, arguments.service, given).replace_this_process()


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise Failure(f"the arguments cannot be read ({error}): quote them as for a shell") from error


def run_backing(arguments: argparse.Namespace) -> int:
    """Start PostgreSQL, RabbitMQ and Redis only, on free ports; print the variables that the tests read."""
    StopSignals().listen()
    with start_backing(arguments.folder / "backing", say=say, fast=True) as backing:
        for name in ("postgres_url", "rabbitmq_url", "rabbitmq_management_url", "redis_url"):
            print(f"export ELCORP_TEST_{name.upper()}={getattr(backing, name)}", flush=True)
        backing.watch(say)
        try:
            while not backing.gave_up.wait(0.5):
                pass
        except StopRequested:
            return 0
    return 1


def show_status(arguments: argparse.Namespace) -> int:
    """Show whether each process runs and is ready; exits with 1 unless all are."""
    everything_ready = True
    for name, url in ready_urls(Ports.from_environment(replicas=replicas_of(arguments.folder))).items():
        pid, ready = pids.running(arguments.folder / "run" / f"{name}.pid"), is_ready(url)
        everything_ready = everything_ready and ready
        state = "ready" if ready else "not ready" if pid else "not running"
        print(f"  {name:18} {state:12} {f'pid {pid}' if pid else '':12} {url}", flush=True)
    return 0 if everything_ready else 1


def run_clean(arguments: argparse.Namespace) -> int:
    """Remove everything that the platform stored here: databases, queues, secrets, logs."""
    clean(arguments.folder)
    print("removed the platform's data", flush=True)
    return 0


def run_bench(arguments: argparse.Namespace) -> int:
    """Run the benchmarks; they report results and never fail."""
    return _script("bench.py", *(["--only", arguments.only] if arguments.only else []))


def _show_password(platform: Platform) -> None:
    given = os.environ.get("ELCORP_ADMIN_PASSWORD")
    if platform.secrets_are_new and not given:
        who = f"administrator {platform.admin_email}, password {platform.admin_password}"
        say(f"{who}  (shown once; kept in secrets.env)")
    elif given and given != platform.admin_password:
        say("ELCORP_ADMIN_PASSWORD differs from the password that the administrator was created with; the latter is used")


def _walk(url: str, email: str, password: str) -> int:
    return _script("journey.py", "--url", url, ELCORP_ADMIN_EMAIL=email, ELCORP_ADMIN_PASSWORD=password)


def _script(name: str, *arguments: str, **environment: str) -> int:
    script = Path(SCRIPTS) / name
    if not script.exists():
        raise Failure(f"{script} is not here: run this from the root of the repository")
    # In its own session: we handle Ctrl-C, and its exception ends the process here.
    command = [sys.executable, str(script), *arguments]
    return subprocess.run(command, env={**os.environ, **environment}, check=False, start_new_session=True).returncode  # noqa: S603


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m elcorp_local", description=__doc__)
    kept = Path(os.environ.get("ELCORP_LOCAL_FOLDER", ".local"))
    parser.add_argument("--folder", type=Path, default=kept, help="the folder of all data (also ELCORP_LOCAL_FOLDER)")
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
        made.set_defaults(run=run)
        return made

    once = os.environ.get("ONCE", "0") not in {"", "0"}
    run = command("run", run_platform)
    run.add_argument(
        "--once", action="store_true", default=once, help="stop after the journey; its result is the exit code (also ONCE=1)"
    )
    run.add_argument(
        "--replicas", type=int, default=1, choices=range(1, REPLICAS_MAX + 1), help="how many of each process; the default is 1"
    )
    command("journey", run_journey).add_argument("--url", default="http://localhost:8000", help="the gateway's URL")
    do = command("do", run_command)
    do.add_argument("--line", help="the command and its arguments as one text, quoted as for a shell")
    do.add_argument("service", choices=PROGRAMS, help="the service")
    do.add_argument("command", nargs=argparse.REMAINDER, help="the command and its arguments; without them, its help")
    command("backing", run_backing)
    command("status", show_status)
    command("clean", run_clean)
    command("bench", run_bench).add_argument("--only", help="the name of one benchmark")
    return parser


if __name__ == "__main__":
    sys.exit(main())
