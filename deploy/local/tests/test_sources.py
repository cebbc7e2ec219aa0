from collections.abc import Sequence
from functools import partial

import pytest

from elcorp_local.backing import docker, packages, sources
from elcorp_local.backing.packages import InstallFailed
from elcorp_local.backing.sources import NoSource, choose

EVERY = ("postgres", "rabbitmq", "redis")


class Machine:
    """What a machine has: programs, available packages, a Docker engine."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.programs: set[str] = set()
        self.engine = False
        self.packages: set[str] | None = None  # None if this user may not install any
        self.installed: list[str] = []
        for name in EVERY:
            monkeypatch.setitem(sources._PROGRAMS, name, partial(self._has, name))
        monkeypatch.setattr(docker, "is_reachable", lambda: self.engine)
        monkeypatch.setattr(packages, "are_possible", lambda: self.packages is not None)
        monkeypatch.setattr(packages, "install", self._install)

    def _has(self, name: str) -> bool:
        return name in self.programs

    def _install(self, servers: Sequence[str], _say: object) -> None:
        self.installed += servers
        if not set(servers) <= (self.packages or set()):
            raise InstallFailed("no network")
        self.programs |= set(servers)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def quiet(_line: str) -> None:
    pass


def test_installed_programs_are_used_first(machine: Machine) -> None:
    machine.programs, machine.packages, machine.engine = set(EVERY), set(EVERY), True
    assert choose(EVERY, quiet) == sources._PRIVATE
    assert not machine.installed


def test_root_installs_only_what_is_missing(machine: Machine) -> None:
    machine.programs, machine.packages, machine.engine = {"redis"}, set(EVERY), True
    assert choose(EVERY, quiet) == sources._PRIVATE
    assert machine.installed == ["postgres", "rabbitmq"]


def test_an_engine_provides_only_what_is_missing(machine: Machine) -> None:
    machine.programs, machine.engine = {"redis", "postgres"}, True
    chosen = choose(EVERY, quiet)
    assert chosen["rabbitmq"] is sources._CONTAINERS["rabbitmq"]
    assert (chosen["redis"], chosen["postgres"]) == (sources._PRIVATE["redis"], sources._PRIVATE["postgres"])


def test_without_available_packages_the_engine_is_used(machine: Machine) -> None:
    machine.packages, machine.engine = set(), True
    assert choose(EVERY, quiet) == sources._CONTAINERS


def test_without_a_source_the_error_says_what_would_help_and_what_failed(machine: Machine) -> None:
    machine.packages = set()
    with pytest.raises(NoSource, match=r"(?s)install postgresql, redis-server.*ELCORP_LOCAL_REDIS_URL.*no network"):
        choose(("postgres", "redis"), quiet)


def test_servers_named_in_the_environment_are_not_searched_for(machine: Machine) -> None:
    assert choose((), quiet) == {}
