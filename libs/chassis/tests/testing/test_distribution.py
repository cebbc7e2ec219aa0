"""The order in which workers get files, and which files one worker runs together."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chassis.testing.distribution import in_good_order, scope_of, write_durations


@dataclass
class Config:
    rootpath: Path

    def getini(self, name: str) -> object:
        return {"run_together": ["e2e", "e2e/faults"], "file_durations": "durations.json"}[name]


@dataclass(frozen=True)
class Item:
    nodeid: str
    fixturenames: tuple[str, ...]


def order(config: Any, *nodeids: str) -> list[str]:
    items: list[Any] = [Item(nodeid, ("servers",)) for nodeid in nodeids]
    in_good_order(config, items)
    return [item.nodeid for item in items]


def test_the_longest_file_comes_first_and_its_tests_keep_their_order(tmp_path: Path) -> None:
    (tmp_path / "durations.json").write_text(json.dumps({"test_a.py": 1, "test_b.py": 5}))
    nodeids = ("test_a.py::one", "test_b.py::two", "test_b.py::one[x::y]", "test_a.py::two")
    assert order(Config(tmp_path), *nodeids) == ["test_b.py::two", "test_b.py::one[x::y]", "test_a.py::one", "test_a.py::two"]


def test_a_file_without_a_recorded_time_counts_as_the_longest(tmp_path: Path) -> None:
    (tmp_path / "durations.json").write_text(json.dumps({"test_a.py": 100}))
    assert order(Config(tmp_path), "test_a.py::one", "test_new.py::one") == ["test_new.py::one", "test_a.py::one"]
    assert order(Config(tmp_path / "without"), "test_b.py::one", "test_a.py::one") == ["test_a.py::one", "test_b.py::one"]


def test_files_of_a_folder_whose_tests_run_one_by_one_are_one_unit(tmp_path: Path) -> None:
    config: Any = Config(tmp_path)
    (tmp_path / "durations.json").write_text(json.dumps({"e2e/test_a.py": 2, "test_b.py": 3, "e2e/test_c.py": 2}))
    scopes = {
        "e2e/test_a.py::x": "e2e",
        "e2e/deeper/test_b.py::x": "e2e",
        "e2e/faults/test_b.py::x": "e2e/faults",
        "e2e2/test_b.py::x": "e2e2/test_b.py",
        "a/test_b.py::x[e2e/x]": "a/test_b.py",
    }
    assert {nodeid: scope_of(config, nodeid) for nodeid in scopes} == scopes
    assert order(config, "test_b.py::x", "e2e/test_a.py::x", "e2e/test_c.py::x") == [
        "e2e/test_a.py::x",
        "e2e/test_c.py::x",
        "test_b.py::x",
    ]


def test_short_files_that_need_no_servers_run_while_the_servers_start(tmp_path: Path) -> None:
    config: Any = Config(tmp_path)
    (tmp_path / "durations.json").write_text(json.dumps({"test_a.py": 9, "test_b.py": 0.1, "test_c.py": 2, "test_d.py": 60}))
    items: list[Any] = [
        Item("test_a.py::x", ("servers",)),
        Item("test_b.py::x", ()),
        Item("test_b.py::y", ("tmp_path",)),
        Item("test_c.py::x", ()),
        Item("test_c.py::y", ("redis_url", "servers")),
        Item("test_d.py::x", ()),
    ]
    in_good_order(config, items)
    assert [item.nodeid for item in items] == [
        "test_b.py::x",
        "test_b.py::y",
        "test_d.py::x",
        "test_a.py::x",
        "test_c.py::x",
        "test_c.py::y",
    ]


def test_a_test_that_ends_its_worker_has_failed_and_is_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "test_crash.py").write_text(
        "import os\n\n\ndef test_before():\n    pass\n\n\ndef test_crash():\n    os._exit(3)\n\n\ndef test_after():\n    pass\n"
    )
    command = [sys.executable, "-m", "pytest", "-n", "1", "-c", os.devnull, f"--rootdir={tmp_path}", "-p", "no:cacheprovider"]
    command += ["-o", "asyncio_mode=auto", str(tmp_path)]
    run = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)  # noqa: S603  # our own command
    assert "1 failed, 2 passed" in run.stdout, run.stdout + run.stderr
    assert "worker 'gw0' crashed while running 'test_crash.py::test_crash'" in run.stdout
    assert run.returncode == 1


def test_new_times_of_some_files_keep_those_of_the_others(tmp_path: Path) -> None:
    config: Any = Config(tmp_path)
    for file in ("test_a.py", "test_b.py"):
        (tmp_path / file).touch()
    (tmp_path / "durations.json").write_text(json.dumps({"test_a.py": 9, "test_b.py": 1, "test_gone.py": 2}))
    write_durations(config, {"test_b.py": 3.04, "test_c.py": 1})
    assert json.loads((tmp_path / "durations.json").read_text()) == {"test_a.py": 9, "test_b.py": 3.0, "test_c.py": 1}
