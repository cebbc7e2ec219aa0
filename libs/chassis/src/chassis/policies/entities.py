"""The entities of a question as Cedar reads them: who asks, with their roles, and about what."""

from collections.abc import Mapping
from typing import Final

import cedarpy

from chassis.policies.bundle import Resource
from chassis.policies.cedar_json import to_json
from chassis.policies.parsed_bundle import NOTHING, ParsedBundle
from kernel.actor import Actor, ActorKind

# Attributes that bundles declare from this release on. Any other that is not declared is an error, which denies.
_OPTIONAL: Final = frozenset({"id", "organization", "classification", "amount", "teams"})
_PRINCIPALS: Final = {ActorKind.USER: "User", ActorKind.SERVICE: "Service", ActorKind.ANONYMOUS: "Anonymous"}
# A few kilobytes each.
_KNOWN_MAX: Final = 2_000

Uid = Mapping[str, str]


class KnownEntities:
    """Reads entities for one bundle, and keeps some: people ask several questions about one thing, as about each amount."""

    def __init__(self, parsed: ParsedBundle) -> None:
        self._parsed = parsed
        self._known: dict[object, cedarpy.Entities] = {}

    def of(self, actor: Actor, roles: frozenset[str], resource: Resource) -> cedarpy.Entities:
        """Return both entities. Raise ValueError if they are not as the bundle's schema declares them."""
        key = entities_key(actor, roles, resource)
        known = self._known.get(key)
        if known is None:
            known = self._read(actor, roles, resource)
            if len(self._known) >= _KNOWN_MAX:
                self._known.clear()
            self._known[key] = known
        return known

    def _read(self, actor: Actor, roles: frozenset[str], resource: Resource) -> cedarpy.Entities:
        of_actor = {"id": actor.subject_id}
        if actor.organization_id:
            of_actor["organization"] = str(actor.organization_id)
        principal, target = principal_of(actor), target_of(resource)
        described = [
            {
                "uid": principal,
                "attrs": self._declared(principal["type"], of_actor),
                "parents": [{"type": "Role", "id": role} for role in sorted(roles)],
            },
            {
                "uid": target,
                "attrs": self._declared(target["type"], {"type": resource.type, "id": resource.id, **resource.attributes}),
                "parents": [],
            },
        ]
        # Twice as fast as entities that are read with the question.
        return cedarpy.Entities.from_json_str(to_json(described), self._parsed.schema)

    def _declared(self, entity_type: str, attributes: Mapping[str, object]) -> dict[str, object]:
        """Leave out what a bundle of the previous release does not declare, because none of its policies reads it."""
        unknown = _OPTIONAL - self._parsed.attributes.get(entity_type, NOTHING)
        return {name: value for name, value in attributes.items() if name not in unknown}


def entities_key(actor: Actor, roles: frozenset[str], resource: Resource) -> tuple[object, ...]:
    """Return all that entities depend on. Attributes as JSON: True and 1 are the same key, but different Cedar values."""
    attributes = to_json(dict(resource.attributes)) if resource.attributes else ""
    return actor.kind, actor.subject_id, roles, actor.organization_id, resource.type, resource.id, attributes


def principal_of(actor: Actor) -> Uid:
    return {"type": _PRINCIPALS[actor.kind], "id": actor.subject_id}


def target_of(resource: Resource) -> Uid:
    return {"type": "Resource", "id": f"{resource.type}/{resource.id}"}
