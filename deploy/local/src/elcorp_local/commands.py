"""Commands of a service, run as its running process would run them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from elcorp_local import databases, pids, secrets
from elcorp_local.failure import Failure
from elcorp_local.port_numbers import SERVICES

# All processes of a service have the same settings; use the first that runs.
_ROLES = ("work", "jobs", "serve")
PROGRAMS = ("gateway", *SERVICES)


class NotRunning(Failure):
    """The platform whose settings a command needs does not run."""


@dataclass(frozen=True, slots=True)
class Command:
    """A program with its arguments, and the whole environment that it runs in."""

    argv: Sequence[str]
    environment: dict[str, str]

    def replace_this_process(self) -> int:
        """Replace this process by the command, which then gets input and Ctrl-C and sets the exit status. Never returns."""
        os.execve(self.argv[0], list(self.argv), self.environment)  # noqa: S606  # our own program, no shell meant


def command_of(folder: Path, program: str, arguments: Sequence[str]) -> Command:
    """Return a command of `program` with the interpreter and the environment of its running process. Raises NotRunning.

    The settings are read from /proc, which only the process' own user may do, so there is no second or stale
    copy of the secrets.
    """
    for name in (program, *(f"{program}-{role}" for role in _ROLES)):
        if pid := pids.running(folder / "run" / f"{name}.pid"):
            # "python -m payments work" without the role.
            *start, _role = pids.command_of(pid)
            environment = pids.environment_of(pid)
            if arguments[:1] == ["migrate"]:
                environment["ELCORP_DATABASE_OWNER_URL"] = _owner_url(folder, program, environment)
            return Command([*start, *(arguments or ["--help"])], environment)
    raise NotRunning(
        f"{program} does not run on {folder}: start the platform by `make run` and run this beside it. Elsewhere: "
        f"`docker compose exec {program} python -m {program} …`, or in a cluster as docs/kubernetes.md says (Commands)"
    )


def _owner_url(folder: Path, service: str, environment: dict[str, str]) -> str:
    # No running process has it: only migrations run as the owner.
    return databases.url(environment["ELCORP_DATABASE_URL"], service, "owner", secrets.load(folder / "secrets.env"))
