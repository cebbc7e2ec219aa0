"""Run the tests of standards' clauses, and write the table of clauses and tests to docs/security.md.

A test names its clauses by `@pytest.mark.clause("ASVS 6.5.1", …)`. `--check` runs nothing: it compares the
table's rows with the existing tests. Exits with 1 if a requirement has no test, a test failed, or the table is stale.
"""

import argparse
import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "security.md"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
FOLDERS = ("libs", "services", "gateway", "tests-e2e")
_TABLE = re.compile(r"(?<=<!-- conformance -->\n).*?(?=<!-- end of conformance -->)", re.DOTALL)
_CLAUSE = "clause"


@dataclass(frozen=True, slots=True)
class Requirement:
    """`clauses` are the sources of the requirement, as tests name them."""

    text: str
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClauseTest:
    file: str
    name: str
    clauses: tuple[str, ...]

    @property
    def node(self) -> str:
        return f"{self.file}::{self.name}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only compare the written table with the existing tests")
    wanted, tests = read_requirements(), list(find_tests())
    problems = [f"no test names {' or '.join(one.clauses)}: {one.text}" for one in wanted if not _tests_of(one, tests)]
    known = {clause for one in wanted for clause in one.clauses}
    problems += [
        f"{test.node} names {clause}, which no requirement does"
        for test in tests
        for clause in test.clauses
        if clause not in known
    ]
    document = DOCUMENT.read_text(encoding="utf-8")
    if parser.parse_args().check:
        if _rows_without_results(_TABLE.findall(document)[0]) != _rows_without_results(_table(wanted, tests, {})):
            problems.append("docs/security.md does not list these tests: run make conformance and commit")
    else:
        results = _run(tests)
        outcomes = ((test.node, results.get(test.node, "did not run")) for test in tests)
        problems += [f"{node} {outcome}" for node, outcome in outcomes if outcome != "passed"]
        DOCUMENT.write_text(_TABLE.sub(lambda _: _table(wanted, tests, results), document), encoding="utf-8")
    for problem in problems:
        print(f"conformance: {problem}", file=sys.stderr)
    return 1 if problems else 0


def read_requirements() -> list[Requirement]:
    """Read `clause, clause | requirement` lines."""
    lines = (line for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    parts = (line.partition("|") for line in lines)
    return [Requirement(text.strip(), tuple(one.strip() for one in clauses.split(","))) for clauses, _, text in parts]


def find_tests() -> Iterator[ClauseTest]:
    """Find the tests that name clauses, without importing them."""
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("test_*.py")):
        for function in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and (clauses := _clauses(function)):
                yield ClauseTest(str(path.relative_to(ROOT)), function.name, clauses)


def _clauses(function: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[str, ...]:
    marks = (mark for mark in function.decorator_list if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Attribute))
    named = (argument for mark in marks if mark.func.attr == _CLAUSE for argument in mark.args)  # type: ignore[attr-defined]
    return tuple(str(argument.value) for argument in named if isinstance(argument, ast.Constant))


class _Results:
    """A pytest plugin: keeps the worst outcome of each test function, whatever its parameters."""

    def __init__(self) -> None:
        self.of: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        node = report.nodeid.partition("[")[0]
        if report.outcome != "passed" or (report.when == "call" and node not in self.of):
            self.of[node] = report.outcome


def _run(tests: Sequence[ClauseTest]) -> Mapping[str, str]:
    results = _Results()
    pytest.main(["-q", "--no-header", *sorted({test.node for test in tests})], plugins=[results])
    return results.of


def _tests_of(requirement: Requirement, tests: Sequence[ClauseTest]) -> list[ClauseTest]:
    return [test for test in tests if set(test.clauses) & set(requirement.clauses)]


def _table(wanted: Sequence[Requirement], tests: Sequence[ClauseTest], results: Mapping[str, str]) -> str:
    rows = ["", "| required by | what | tests | result |", "|---|---|---|---|"]
    for requirement in wanted:
        files: dict[str, list[ClauseTest]] = defaultdict(list)
        for test in _tests_of(requirement, tests):
            files[test.file].append(test)
        named = "<br>".join(f"`{file}`: {', '.join(f'`{test.name}`' for test in of_file)}" for file, of_file in files.items())
        outcomes = {results.get(test.node, "did not run") for of_file in files.values() for test in of_file}
        rows.append(f"| {', '.join(requirement.clauses)} | {requirement.text} | {named} | {', '.join(sorted(outcomes))} |")
    return "\n".join([*rows, "", ""])


def _rows_without_results(table: str) -> list[str]:
    return [row.rsplit("|", 2)[0] for row in table.splitlines() if row.startswith("|")]


if __name__ == "__main__":
    raise SystemExit(main())
