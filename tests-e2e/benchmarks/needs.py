"""The programs that benchmarks run: installed, or reported as missing, before anything starts."""

import shutil
from collections.abc import Callable, Sequence

from elcorp_local.backing import packages
from elcorp_local.failure import Failure

_WRK, _PGBENCH = "wrk", "pgbench"
# By benchmark; benchmarks that are not listed run no program.
NEEDS: dict[str, Sequence[str]] = {
    "pgbench": (_PGBENCH,),
    "transfers": (_WRK, _PGBENCH),
    "steady": (_WRK,),
    "hot": (_WRK,),
    "grpc": (_PGBENCH,),
    "bulk": (_PGBENCH,),
    "gateway": (_WRK,),
    "audit": (_WRK,),
    "tokens": (_WRK,),
    "people": (_WRK,),
    "access": (_WRK,),
    "history": (_WRK,),
}
# PostgreSQL's own package contains pgbench.
_PACKAGES = {_WRK: "wrk", _PGBENCH: "postgresql"}


class ProgramsMissing(Failure):
    """Programs that the chosen benchmarks run are not on this machine."""


def require(benchmarks: Sequence[str], say: Callable[[str], None]) -> None:
    """Install the missing programs of the benchmarks, as root on Debian or Ubuntu; otherwise raise ProgramsMissing."""
    missing, why = _missing(benchmarks), ""
    if missing and packages.are_possible():
        try:
            packages.install_named([_PACKAGES[program] for program in missing], say)
        except packages.InstallFailed as failure:
            why = f"\n{failure}"
        missing = _missing(benchmarks)
    if missing:
        wanted = " ".join(_PACKAGES[program] for program in missing)
        raise ProgramsMissing(f"these programs are not on PATH: {', '.join(missing)}. Run: sudo apt-get install {wanted}{why}")


def _missing(benchmarks: Sequence[str]) -> list[str]:
    needed = {program for benchmark in benchmarks for program in NEEDS.get(benchmark, ())}
    return sorted(program for program in needed if not shutil.which(program))
