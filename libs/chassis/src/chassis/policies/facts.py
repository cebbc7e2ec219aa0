"""The facts of a policy question, as Cedar values. A message of the contract declares them (options.proto, PolicyQuestion)."""

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from elcorp.options.v1 import options_pb2

_EXTENSIONS: Final = {
    options_pb2.POLICY_TYPE_DECIMAL: "decimal",
    options_pb2.POLICY_TYPE_IP_ADDRESS: "ip",
    options_pb2.POLICY_TYPE_DATETIME: "datetime",
}


def facts_of(message: Message, names: Collection[str]) -> Mapping[str, object]:
    """Return those facts of a message that a bundle declares, as JSON of Cedar. A fact that is not set is left out."""
    facts: dict[str, object] = {}
    for name, extension, has_presence in _fields(message.DESCRIPTOR):
        if name not in names or (has_presence and not message.HasField(name)):
            continue
        value: Any = getattr(message, name)
        if extension:
            facts[name] = {"__extn": {"fn": extension, "arg": value}}
        else:
            facts[name] = value if isinstance(value, str | int) else list(value)
    return facts


@lru_cache(maxsize=64)
def _fields(of: Descriptor) -> tuple[tuple[str, str | None, bool], ...]:
    return tuple((field.name, _extension(field), field.has_presence) for field in of.fields)


def _extension(field: FieldDescriptor) -> str | None:
    return _EXTENSIONS.get(field.GetOptions().Extensions[options_pb2.policy_fact].type)
