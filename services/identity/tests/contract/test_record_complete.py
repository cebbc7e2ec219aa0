"""Each kind of audit fact and of event is compared completely by one of these tests."""

import re
from pathlib import Path

import pytest

import identity.application
from identity.interfaces.publications import PUBLICATIONS

_SOURCES = [file.read_text() for file in Path(identity.application.__file__).parent.glob("*/*.py")]
_WRITTEN_OUT = {name for source in _SOURCES for name in re.findall(r'"(identity\.[a-z_]+\.[a-z_]+)"', source)}
# `X = Audited(action="identity.noun", ...)`, and the verbs of `tx.change(audit.X, item, "verb", ...)` and `X.fact(item, "verb")`.
_AUDITED = {
    name: action
    for source in _SOURCES
    for name, action in re.findall(r'^([A-Z_]+)\b[^=\n]*= Audited(?:\[\w+\])?\(\s*action="([a-z_.]+)"', source, re.MULTILINE)
}
_CHANGES = [
    change
    for source in _SOURCES
    for change in re.findall(r'tx\.(?:change|change_bounded|create)\(\s*(?:\w+\.)?([A-Z_]+),\s*[\w.]+,\s*"(\w+)"', source)
]
_CHANGES += [change for source in _SOURCES for change in re.findall(r'([A-Z_]+)\.fact\(\s*[\w.]+,\s*"(\w+)"', source)]
ACTIONS = _WRITTEN_OUT | {f"{_AUDITED[name]}.{verb}" for name, verb in _CHANGES}
# These names are built at run time.
STATUS_CHANGES = {f"identity.user.{verb}" for verb in ("suspend", "activate", "delete", "restore")}
EVENTS = {spec.type for spec in PUBLICATIONS.specs if spec.context == "identity"}
WHOLE = "\n".join(file.read_text() for file in Path(__file__).parent.glob("test_record_of_*.py"))


def test_audit_facts_are_found_in_the_source() -> None:
    assert len(ACTIONS) > 40


@pytest.mark.parametrize("kind", sorted(ACTIONS | STATUS_CHANGES | EVENTS))
def test_each_kind_is_compared_completely(kind: str) -> None:
    assert f'"{kind}"' in WHOLE
