"""CPU time per process, as the scheduler counts it: wall time says little if other programs run as well."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from elcorp_local.platform import Platform

_PROC = Path("/proc")
# Processes that spend less than this on a transfer are summed up.
NOISE_MS = 0.02
# The servers' pid files in the platform's folder, by the names of their processes here.
_SERVERS = {"postgres": "postgresql", "rabbitmq": "rabbitmq", "redis": "redis"}


def seconds_by_process(platform: Platform) -> dict[str, float]:
    """Return the CPU seconds that each process, and each server with its children, has used since it started."""
    children = _children()
    roots = {name: process.pid for name, process in platform.supervisor.processes.items()}
    roots |= dict(_servers(platform))
    return {name: sum(_seconds(each) for each in _family(pid, children)) for name, pid in roots.items()}


def per_transfer_ms(before: Mapping[str, float], after: Mapping[str, float], transfers: int) -> dict[str, float]:
    """Return the milliseconds of CPU that each process used per transfer, the highest first."""
    spent = {name: (after[name] - before.get(name, 0)) * 1000 / max(transfers, 1) for name in after}
    return dict(sorted(spent.items(), key=lambda item: -item[1]))


def _servers(platform: Platform) -> Iterator[tuple[str, int]]:
    for file in platform.processes.folder.glob("**/*.pid"):
        if file.stem in _SERVERS and file.parent.name != "run":
            yield _SERVERS[file.stem], int(file.read_text().split()[0])


def _children() -> dict[int, list[int]]:
    found = defaultdict(list)
    for folder in _PROC.iterdir():
        if folder.name.isdigit() and (parent := _parent(folder)):
            found[parent].append(int(folder.name))
    return found


def _parent(folder: Path) -> int | None:
    try:
        return int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:  # it has ended meanwhile
        return None


def _family(pid: int, children: Mapping[int, list[int]]) -> Iterator[int]:
    yield pid
    for child in children.get(pid, ()):
        yield from _family(child, children)


def _seconds(pid: int) -> float:
    try:
        threads = [(thread / "schedstat").read_text() for thread in (_PROC / str(pid) / "task").iterdir()]
    except OSError:  # it has ended meanwhile
        return 0.0
    return sum(int(text.split()[0]) for text in threads) / 1e9
