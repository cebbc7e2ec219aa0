"""Policy bundles, their source, and the resources of decisions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class InvalidBundle(Exception):
    """The bundle does not parse, or its policies do not match its schema; the present bundle stays in force."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Cedar policies as text and their schema as JSON; versions only increase.

    `shadow` are policies that are evaluated and logged, but not enforced.
    """

    version: int
    policies: str
    schema: str
    shadow: str = ""


class BundleSource(Protocol):
    async def fetch(self, known_version: int) -> Bundle | None:
        """Return the bundle in force, None if it is the known version; raises Unavailable."""


@dataclass(frozen=True, slots=True)
class Resource:
    """The resource of an action.

    Attributes are JSON values that the schema declares: `owner` (a user's id), `organization` (the id of the organization that it
    belongs to), `teams` (the ids of its team there and of the teams of which that is a part), `classification`, and `amount` (a
    Cedar decimal). A bundle that does not declare one does not get it.
    """

    type: str
    id: str
    attributes: Mapping[str, object] = field(default_factory=dict)


# For permissions on no particular resource, such as listing.
PLATFORM = Resource("platform", "elcorp")
