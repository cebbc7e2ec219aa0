"""The pages of docs/how-to are followed, on a copy of the checkout."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import pytest

from chassis.testing.servers import Servers

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs/how-to/add-a-noun.md").read_text()
NOUN, COLUMN = PAGE.split("# Add a column")
COPIED: Final = ("libs", "protos", "gateway", "services", "deploy", "pyproject.toml", "docs")
LINES_MAX: Final = 200
PLACES_MAX: Final = 4
_BLOCK: Final = re.compile(r"^```(\w+) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Step:
    """A block of a page: a whole new file, or a change of one that exists."""

    kind: str
    file: str
    text: str

    @property
    def written(self) -> int:
        """The number of lines that are written by hand for it, without empty ones."""
        lines = [line for line in self.text.splitlines() if self.kind != "diff" or line.startswith("+")]
        return sum(1 for line in lines if line.strip("+ "))

    def apply(self, root: Path) -> None:
        """Raise ValueError where the page does not fit the checkout."""
        file = root / self.file
        if self.kind != "diff":
            if file.exists():
                raise ValueError(f"{self.file} is there already")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.text)
            return
        lines = self.text.splitlines()
        before = "\n".join(line[1:] for line in lines if line[0] in " -")
        after = "\n".join(line[1:] for line in lines if line[0] in " +")
        content = file.read_text()
        if content.count(before) != 1:
            raise ValueError(f"{self.file} has {content.count(before)} times:\n{before}")
        file.write_text(content.replace(before, after))


def steps(page: str) -> Iterator[Step]:
    for kind, file, text in _BLOCK.findall(page):
        yield Step(kind, file, text)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for part in COPIED:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(source, tmp_path / part)
    return tmp_path


def follow(checkout: Path, page: str) -> None:
    for step in steps(page):
        step.apply(checkout)


def run(checkout: Path, *command: str, **variables: str) -> str:
    """Run Python among the copy's packages, which are found before the installed ones."""
    sources = [*checkout.glob("libs/*/src"), *checkout.glob("services/*/src"), checkout / "gateway/src", checkout / "protos"]
    path = os.pathsep.join(str(each) for each in (*sources, checkout))
    # Not those by which pytest knows that it runs as a worker.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(  # noqa: S603  # our own
        [sys.executable, *command],
        cwd=checkout,
        env={**inherited, **variables, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    return done.stdout


def written_by_hand(page: str) -> int:
    return sum(step.written for step in code(steps(page)))


def code(found: Iterable[Step]) -> Iterable[Step]:
    return (step for step in found if "/tests/" not in step.file)


def test_a_noun_is_added_as_the_page_says(checkout: Path, servers: Servers) -> None:
    follow(checkout, NOUN)
    run(checkout, "deploy/ci/protos.py")
    follow(checkout, COLUMN)
    urls = {f"ELCORP_TEST_{name.upper()}": url for name, url in asdict(servers).items() if name.endswith("_url")}
    tests = [f"services/governance/tests/{path}.py" for path in ("contract/test_branches", "integration/test_table_kinds")]
    run(checkout, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *tests, **urls)
    run(checkout, "-m", "ruff", "check", "--no-cache", "services/governance", "gateway")
    run(checkout, "-m", "ruff", "format", "--no-cache", "--check", "services/governance", "gateway")


def test_a_noun_takes_few_lines_and_a_column_few_places() -> None:
    assert written_by_hand(NOUN) <= LINES_MAX
    assert len(list(code(steps(COLUMN)))) <= PLACES_MAX
    assert written_by_hand(COLUMN) <= PLACES_MAX
