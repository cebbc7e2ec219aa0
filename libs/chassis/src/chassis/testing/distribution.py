"""Distributes tests to several workers (pytest-xdist) by file, the longest first, and prints one line per file."""

import json
from collections import Counter, defaultdict
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

# A file without a known duration may be the longest.
_UNKNOWN_SECONDS = 1e6
_SHORT_SECONDS_MAX = 5


def scope_of(config: pytest.Config, nodeid: str) -> str:
    """Return the scope that one worker runs completely: a file, or the innermost folder whose tests are to run one by one."""
    file = nodeid.split("::", 1)[0]
    folders = [folder for folder in config.getini("run_together") if file.startswith(f"{folder}/")]
    return max(folders, key=len, default=file)


class ByScope(LoadFileScheduling):  # type: ignore[misc]  # untyped
    """Gives each worker whole scopes, in the order in which the workers collected them."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(self.config, nodeid)

    def remove_node(self, node: Any) -> str | None:
        """Return the test in which a worker crashed. It counts as failed, and other workers run only the tests after it."""
        units = self.assigned_work[node].values()
        crashed = next(((unit, nodeid) for unit in units for nodeid, is_done in unit.items() if not is_done), None)
        if crashed is None:
            super().remove_node(node)
            return None
        unit, nodeid = crashed
        # Otherwise xdist would run it again.
        unit[nodeid] = True
        super().remove_node(node)
        return str(nodeid)


def in_good_order(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sort scopes by their recorded duration, longest first: if the longest began last, all workers would wait for it.

    Short ones that need no servers come first: they run while the servers start.
    """
    known = read_durations(config)
    seconds: dict[str, float] = defaultdict(float)
    for file in {item.nodeid.split("::", 1)[0] for item in items}:
        seconds[scope_of(config, file)] += known.get(file, _UNKNOWN_SECONDS)
    scopes = {item: scope_of(config, item.nodeid) for item in items}
    on_servers = {scopes[item] for item in items if needs_servers(item)}
    short = {scope for scope, took in seconds.items() if took <= _SHORT_SECONDS_MAX and scope not in on_servers}
    items.sort(key=lambda item: (scopes[item] not in short, -seconds[scopes[item]], scopes[item]))


def needs_servers(item: pytest.Item) -> bool:
    return "servers" in getattr(item, "fixturenames", ())


def read_durations(config: pytest.Config) -> Mapping[str, float]:
    file = _durations_file(config)
    durations: dict[str, float] = json.loads(file.read_text()) if file.exists() else {}
    return durations


def write_durations(config: pytest.Config, seconds: Mapping[str, float]) -> None:
    """Record the duration of files; other files that still exist keep their earlier duration."""
    known = {file: took for file, took in read_durations(config).items() if (config.rootpath / file).exists()}
    timed = {**known, **{file: round(took, 1) for file, took in seconds.items()}}
    _durations_file(config).write_text(json.dumps(timed, indent=1, sort_keys=True) + "\n")


def _durations_file(config: pytest.Config) -> Path:
    return config.rootpath / str(config.getini("file_durations"))


class Progress:
    """The controller's plugin: schedules by scope, and reports finished files, durations, and what ran at an interrupt."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._left: Counter[str] = Counter()
        self._all = 0
        self._seconds: dict[str, float] = defaultdict(float)
        self._outcomes: dict[str, Counter[str]] = defaultdict(Counter)
        self._running: set[str] = set()

    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> ByScope:
        return ByScope(config, log)

    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        self._left = Counter(_file(nodeid) for nodeid in ids)
        self._all = len(ids)

    @pytest.hookimpl(wrapper=True)
    def pytest_report_teststatus(self) -> Generator[None, tuple[str, str, Any], tuple[str, str, Any]]:
        category, letter, word = yield
        # Print no letters: each file and each failure has a line.
        return category, letter if self._is_verbose() else "", word

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._running.add(nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        file = _file(report.nodeid)
        self._seconds[file] += report.duration
        if report.when == "call" or not report.passed:
            self._outcomes[file][report.outcome] += 1
        if report.failed:
            self._write(f"FAILED {report.nodeid} ({report.when})", red=True)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._running.discard(nodeid)
        file = _file(nodeid)
        self._left[file] -= 1
        if self._left[file] == 0 and not self._is_verbose():
            done = 100 * (self._all - self._left.total()) // self._all
            outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(self._outcomes[file].items()))
            self._write(f"[{done:3}%] {self._seconds[file]:6.1f} s  {file}: {outcomes}")

    def pytest_keyboard_interrupt(self) -> None:
        for nodeid in sorted(self._running):
            self._write(f"interrupted: {nodeid}", red=True)

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if self._config.getoption("write_durations") and exitstatus == pytest.ExitCode.OK:
            write_durations(self._config, self._seconds)

    def _is_verbose(self) -> bool:
        return bool(self._config.getoption("verbose") > 0)

    def _write(self, line: str, **markup: bool) -> None:
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal:
            terminal.ensure_newline()
            terminal.write_line(line, **markup)


def _file(nodeid: str) -> str:
    return nodeid.split("::", 1)[0]
