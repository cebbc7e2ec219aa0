"""A policy bundle, where it comes from, and what it is asked about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class InvalidBundle(Exception):
    """A bundle that does not parse, or whose policies contradict its schema; the bundle in force stays."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Cedar policies as text and their schema as JSON; versions only grow."""

    version: int
    policies: str
    schema: str


class BundleSource(Protocol):
    async def fetch(self, known_version: int) -> Bundle | None:
        """Return the bundle in force, None when it is the known one; raises Unavailable."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What an action is about. Attributes are JSON values that the schema knows, such as `owner`: a user's id."""

    type: str
    id: str
    attributes: Mapping[str, object] = field(default_factory=dict)


# For permissions that concern no single thing, such as listing.
PLATFORM = Resource("platform", "elcorp")
