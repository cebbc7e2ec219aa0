"""Policies: forbids on top of what roles permit, in immutable versions. A change puts a version in force, or none."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final, Self

from kernel.errors import InvalidValue
from kernel.events import Aggregate

DESCRIPTION_LENGTH_MAX: Final = 500
OWNER_LENGTH_MAX: Final = 100
CEDAR_LENGTH_MAX: Final = 10_000
VERSIONS_MAX: Final = 1000
NAME_PATTERN: Final = r"[a-z][a-z0-9-]{0,62}"
_NAME = re.compile(NAME_PATTERN, re.ASCII)
# Paths below /policies that are not policies.
RESERVED: Final = frozenset(
    {"approval-rules", "bundles", "changes", "current", "golden-decisions", "preview", "templates", "vocabulary"}
)


class PolicyMode(StrEnum):
    """OFF: the policy is not evaluated. SHADOW: it is evaluated and logged, and denies nothing. ENFORCED: it denies."""

    OFF = "off"
    SHADOW = "shadow"
    ENFORCED = "enforced"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyText:
    """What a version says: Cedar, and a sentence in English. `template` and `parameters` say from what it was made.

    With `step_up_seconds`, its denials end by a sign-in with two factors of at most this age.
    """

    cedar: str
    sentence: str
    template: str | None = None
    parameters: dict[str, object] | None = None
    step_up_seconds: int | None = None

    @property
    def digest(self) -> str:
        """The SHA-256 of the Cedar text, in hex."""
        return sha256(self.cedar.encode()).hexdigest()


@dataclass(eq=False)
class PolicyVersion:
    """One version of a policy. It never changes."""

    policy: str
    number: int
    cedar: str
    sentence: str
    template: str | None
    parameters: dict[str, object] | None
    step_up_seconds: int | None
    digest: str
    created_by: str
    created_at: datetime

    @property
    def annotated(self) -> str:
        """Return the Cedar text as bundles have it: with its name, by which decisions name it."""
        head = f'@id("policy:{self.policy}")\n@version("{self.number}")\n'
        if self.step_up_seconds is not None:
            head += f'@step_up("{self.step_up_seconds}")\n'
        return head + self.cedar


@dataclass(eq=False)
class Policy(Aggregate):
    """A named policy. `mode` and `version_in_force` change by an approved change alone; without one in force it is OFF."""

    name: str
    description: str
    owner: str
    mode: PolicyMode
    version_in_force: int | None
    latest_version: int
    revision: int
    created_by: str
    created_at: datetime
    mode_since: datetime | None = None

    @classmethod
    def make(cls, name: str, *, description: str, owner: str, by: str, at: datetime) -> Self:
        """Make a policy without versions. Raise InvalidValue."""
        if not _NAME.fullmatch(name) or name in RESERVED:
            expected = "lower-case letters, digits and hyphens, at most 63, and none of " + ", ".join(sorted(RESERVED))
            raise InvalidValue(field="name", expected=expected, given=name)
        _require_described(description, owner)
        return cls(name, description, owner, PolicyMode.OFF, None, 0, 1, by, at)

    def describe(self, *, description: str, owner: str) -> bool:
        """Return False if it is described so already."""
        if (self.description, self.owner) == (description, owner):
            return False
        _require_described(description, owner)
        self.description, self.owner = description, owner
        self.revision += 1
        return True

    def write(self, text: PolicyText, *, by: str, at: datetime) -> PolicyVersion:
        """Make its next version. It is not in force."""
        if self.latest_version >= VERSIONS_MAX:
            raise InvalidValue(field="policy", expected=f"at most {VERSIONS_MAX} versions", given=self.name)
        self.latest_version += 1
        self.revision += 1
        return PolicyVersion(
            policy=self.name,
            number=self.latest_version,
            cedar=text.cedar,
            sentence=text.sentence,
            template=text.template,
            parameters=text.parameters,
            step_up_seconds=text.step_up_seconds,
            digest=text.digest,
            created_by=by,
            created_at=at,
        )

    def put(self, version: int | None, mode: PolicyMode, *, at: datetime) -> None:
        """Put a version in force, or none with OFF."""
        self.version_in_force, self.mode, self.mode_since = version, mode, at
        self.revision += 1


def _require_described(description: str, owner: str) -> None:
    if not description.strip() or len(description) > DESCRIPTION_LENGTH_MAX:
        raise InvalidValue(field="description", expected=f"1 to {DESCRIPTION_LENGTH_MAX} characters")
    if not owner.strip() or len(owner) > OWNER_LENGTH_MAX:
        raise InvalidValue(field="owner", expected=f"a person or team that answers for it, at most {OWNER_LENGTH_MAX} characters")
