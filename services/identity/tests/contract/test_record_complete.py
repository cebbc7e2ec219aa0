"""That each kind of audit fact and of event is compared whole by one of these tests."""

import re
from pathlib import Path

import pytest

import identity.application
from identity.application.accounts.change_status import StatusChange
from identity.interfaces.publications import PUBLICATIONS

_FACTS = Path(identity.application.__file__).parent.glob("*/facts.py")
ACTIONS = {name for file in _FACTS for name in re.findall(r'"(identity\.[a-z_]+\.[a-z_]+)"', file.read_text())}
# These are made of what is done.
STATUS_CHANGES = {f"identity.user.{change}" for change in StatusChange}
EVENTS = {spec.type for spec in PUBLICATIONS.specs if spec.context == "identity"}
WHOLE = "\n".join(file.read_text() for file in Path(__file__).parent.glob("test_record_of_*.py"))


def test_facts_are_found_where_they_are_looked_for() -> None:
    assert len(ACTIONS) > 40


@pytest.mark.parametrize("kind", sorted(ACTIONS | STATUS_CHANGES | EVENTS))
def test_is_compared_whole(kind: str) -> None:
    assert f'"{kind}"' in WHOLE
