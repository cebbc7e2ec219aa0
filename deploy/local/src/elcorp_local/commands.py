"""Commands of a service, run as its running process would run them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from elcorp_local import databases, pids, secrets
from elcorp_local.failure import Failure
from elcorp_local.port_numbers import SERVICES

# All processes of a service are given the same settings; the first that runs will do.
_ROLES = ("work", "jobs", "serve")
PROGRAMS = ("gateway", *SERVICES)


class NotRunning(Failure):
    """The platform whose settings a command would take does not run."""


@dataclass(frozen=True, slots=True)
class Command:
    """A program with its arguments, and the whole environment that it runs in."""

    argv: Sequence[str]
    environment: dict[str, str]

    def replace_this_process(self) -> int:
        """Become the command, so that it gets input and Ctrl-C itself and gives the exit status. Never returns."""
        os.execve(self.argv[0], list(self.argv), self.environment)  # noqa: S606  # our own program, no shell meant


def command_of(folder: Path, program: str, arguments: Sequence[str]) -> Command:
    """Return a command of `program` with the interpreter and the environment of its running process. Raises NotRunning.

    They are read from /proc, where only the process' own user may: there is no second copy of the secrets, and no stale one.
    """
    for name in (program, *(f"{program}-{role}" for role in _ROLES)):
        if pid := pids.running(folder / "run" / f"{name}.pid"):
            # All of "python -m payments work" but the role.
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
    # No running process holds it: migrations alone run as the owner.
    return databases.url(environment["ELCORP_DATABASE_URL"], service, "owner", secrets.load(folder / "secrets.env"))
