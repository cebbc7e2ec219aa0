"""The documents agree with the code: error codes, settings, metrics, files."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest
from pydantic_settings import BaseSettings

from chassis.errors import STATUS
from chassis.process_settings import ProcessSettings
from kernel.errors import DomainError, Kind

ROOT = Path(__file__).parents[1]
PARTS = ("libs", "services", "gateway", "protos", "deploy", "k8s", "tests-e2e", "docs")
REPOSITORY = [str(path.relative_to(ROOT)) for part in PARTS for path in (ROOT / part).rglob("*.*")]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
PACKAGES = ("kernel", "chassis", "identity", "payments", "governance", "compliance", "gateway")
SOURCES = [path for part in ("libs", "services", "gateway") for path in sorted((ROOT / part).rglob("src/**/*.py"))]
# A document may omit src/<package>, which adds nothing.
FILES = [re.sub(r"src/\w+/", "", path) for path in REPOSITORY] + REPOSITORY
CODE = re.compile(r'"((?:AUTH|ACC|[A-Z]{3}|RATE)_[0-9]{3})"')
# Paths with a slash, or names of files of source and configuration. `<noun>` and `*` stand for any name.
PATH = re.compile(r"`((?:[\w.<>*-]+/)+[\w.<>*-]*|[\w.<>*-]+\.(?:py|toml|ya?ml|proto|sh))`")
# Media types, elements of XML, names in Kubernetes, and files that a run writes.
NOT_PATHS = {
    "application/json",
    "application/xml",
    "text/csv",
    "Id/Othr/Id",
    "elcorp.na/audit",
    "elcorp.na/postgres-max-connections",
    "elcorp/<secret>",
    "topology.kubernetes.io/zone",
    ".local/logs/<process>.log",
    ".local/secrets.env",
}
# Not decisions and past changes, which name the files of their time.
CURRENT = [path for path in DOCUMENTS if path.parent.name != "adr" and path.name != "CHANGELOG.md"]
METRIC = re.compile(r'(?:Counter|Gauge|Histogram)(?:MetricFamily)?\(\s*"(\w+)"')


def documented(name: str, pattern: str) -> dict[str, str]:
    """Return the rows of a document's tables whose first cell matches, by that cell."""
    text = (ROOT / "docs" / name).read_text()
    return {found[1]: found[2] for found in re.finditer(rf"^\| `({pattern})` \| ([^|]*) \|", text, re.MULTILINE)}


def test_every_error_code_is_documented_and_no_other() -> None:
    in_code = {code for path in SOURCES for code in CODE.findall(path.read_text())}
    assert in_code == set(documented("api.md", r"[A-Z]+_[0-9]{3}"))


def test_every_error_has_its_documented_status() -> None:
    documented_statuses = documented("api.md", r"[A-Z]+_[0-9]{3}")
    for error in errors():
        status = str(STATUS[error.kind].http)
        assert status in documented_statuses[error.code].split(", "), f"{error.__name__}: {error.code} answers {status}"


def errors() -> Iterator[type[DomainError]]:
    for package in PACKAGES:
        for module in walk_packages(import_module(package).__path__, f"{package}."):
            if not module.name.endswith("__main__") and ".testing" not in module.name:
                import_module(module.name)
    pending = [DomainError]
    while pending:
        error = pending.pop()
        pending += error.__subclasses__()
        # An error whose kind differs by instance (rebuilt from a peer's) has no status to compare.
        if error.__module__.partition(".")[0] in PACKAGES and isinstance(error.__dict__.get("kind", error.kind), Kind):
            yield error


def test_every_setting_is_documented_and_no_other() -> None:
    list(errors())  # imports every module, and thus every settings class
    in_code = {f"ELCORP_{name.upper()}" for settings in settings_classes() for name in settings.model_fields}
    assert in_code == set(documented("operations.md", r"ELCORP_(?!LOCAL_|TEST_)\w+"))


def settings_classes() -> Iterator[type[BaseSettings]]:
    pending: list[type[BaseSettings]] = [ProcessSettings]
    while pending:
        settings = pending.pop()
        pending += settings.__subclasses__()
        if settings.__module__.partition(".")[0] in PACKAGES:
            yield settings


def test_every_metric_is_documented_and_no_other() -> None:
    in_code = {name.removesuffix("_total") for path in SOURCES for name in METRIC.findall(path.read_text())}
    assert in_code == {name.removesuffix("_total") for name in documented("operations.md", r"[a-z]+(?:_[a-z]+)+")}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_name_files_that_exist(document: Path) -> None:
    text = document.read_text()
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [link for link in links if not (document.parent / link).exists()] == []
    named = re.findall(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|md|json|yml|yaml|toml|proto|sh))`", text)
    assert [name for name in named if not any(f"/{path}".endswith(f"/{name}") for path in FILES)] == []


@pytest.mark.parametrize("document", CURRENT, ids=lambda path: str(path.relative_to(ROOT)))
def test_paths_in_backticks_exist(document: Path) -> None:
    """A path may be relative to any folder of the repository."""
    repository = "\n".join([*REPOSITORY, *(path.name for path in ROOT.iterdir())])
    named = set(PATH.findall(re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL))) - NOT_PATHS
    assert [name for name in sorted(named) if not re.search(rf"^(?:.*/)?{any_name(name)}(?:/|$)", repository, re.MULTILINE)] == []


def any_name(path: str) -> str:
    return re.sub(r"<\w+>|\\\*", "[^/\n]+", re.escape(path.rstrip("/")))
