"""Everything that a process and its libraries write to standard error is in its log, as JSON like other lines."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from chassis.telemetry.stderr_lines import LINE_BYTES_MAX
from libs.chassis.tests.telemetry.writer import MANY

COMMAND = [sys.executable, str(Path(__file__).with_name("writer.py"))]


def written(what: str, **options: Any) -> "tuple[list[dict[str, Any]], subprocess.CompletedProcess[str]]":
    """Return the parsed log of a process without its own first and last line, and how the process ended."""
    command = [*COMMAND, what]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, **options)  # noqa: S603  # our own
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    return [line for line in lines if line["event"] not in {"starting", "stopped"}], ended


def test_lines_of_grpcs_core_have_the_level_of_their_first_letter() -> None:
    lines, ended = written("by_core")
    assert (ended.returncode, ended.stderr) == (0, "")
    place = "ssl_transport_security.cc:1884]"
    assert [(line["level"], line["event"]) for line in lines] == [
        ("info", f"{place} Handshake I"),
        ("warning", f"{place} Handshake W"),
        ("error", f"{place} Handshake E"),
        ("critical", f"{place} Handshake F"),
    ]
    assert {(line["library"], line["service"]) for line in lines} == {("grpc", "writer")}
    assert set(lines[0]) == {"event", "level", "at", "service", "library"}


def test_the_line_before_an_abort_is_in_the_log_and_the_crash_is_reported_on_standard_error() -> None:
    lines, ended = written("aborting")
    assert ended.returncode == -6
    assert [(line["level"], line["event"]) for line in lines] == [
        ("critical", "ssl_transport_security.cc:1884] Check failed: x != nullptr")
    ]
    assert "Fatal Python error: Aborted" in ended.stderr
    assert "in aborting" in ended.stderr


def test_many_lines_are_complete_and_in_order() -> None:
    lines, _ = written("many")
    assert [line["event"] for line in lines] == [f"line {number}" for number in range(MANY)]


def test_secrets_and_addresses_are_hidden() -> None:
    [line], _ = written("private")
    assert "hunter2" not in line["event"]
    assert "ndapewa" not in line["event"]
    assert line["library"] == "stderr"


def test_a_long_line_is_cut_before_a_word_and_the_rest_is_not_written() -> None:
    lines, _ = written("long")
    words, unbroken, longest, last = (line["event"] for line in lines)
    assert words == "far " * (LINE_BYTES_MAX // 4 - 2) + "…"
    assert (unbroken, last) == ("…", "the next line")
    assert longest == "y" * (LINE_BYTES_MAX - 1)


def test_a_child_processes_line_and_an_unfinished_one_are_logged_too() -> None:
    assert [line["event"] for line in written("ends")[0]] == ["from a child", "the last words"]


def test_uncaught_exceptions_are_one_line_each() -> None:
    lines, ended = written("exceptions")
    assert ended.stderr == ""
    assert "SystemExit" not in ended.stdout
    by_event = {line["event"].partition(":")[0]: line for line in lines}
    assert "ValueError: in a thread" in by_event["uncaught_exception"]["exception"]
    assert "ValueError: in a finalizer" in by_event["ignored_exception"]["exception"]
    assert [line["event"] for line in lines if line.get("library") == "stderr"] == ["by the interpreter", "by a module of Python"]
    assert [line["level"] for line in lines if line.get("library") == "py.warnings"] == ["warning"]


def test_a_process_without_standard_error_runs() -> None:
    lines, ended = written("by_core", preexec_fn=lambda: os.close(2))
    assert ended.returncode == 0
    assert len(lines) == 4


def test_a_process_whose_log_has_no_reader_left_runs() -> None:
    with subprocess.Popen([*COMMAND, "many"], stdout=subprocess.PIPE) as process:  # noqa: S603  # our own
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(300) == 0
