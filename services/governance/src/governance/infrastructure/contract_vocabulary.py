"""The vocabulary of policies, from the contracts of all services (elcorp.options.v1.PolicyQuestion)."""

import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

import elcorp
from elcorp.options.v1 import options_pb2
from governance.domain.vocabulary import Fact, FactType, Question, Vocabulary

_EVERY_ACTION: Final = "*"
_BY_POLICY_TYPE: Final = {
    options_pb2.POLICY_TYPE_DECIMAL: FactType.DECIMAL,
    options_pb2.POLICY_TYPE_IP_ADDRESS: FactType.IP_ADDRESS,
    options_pb2.POLICY_TYPE_DATETIME: FactType.TIME,
}
_BY_TYPE: Final = {
    FieldDescriptor.TYPE_BOOL: FactType.BOOLEAN,
    FieldDescriptor.TYPE_INT64: FactType.NUMBER,
    FieldDescriptor.TYPE_STRING: FactType.TEXT,
}


@cache
def contract_vocabulary() -> Vocabulary:
    """Read what all services declare. Raise ValueError if two declare one action."""
    environment: Mapping[str, Fact] = {}
    questions: dict[str, Question] = {}
    for message in _messages():
        declared = message.GetOptions().Extensions[options_pb2.policy_question]
        if list(declared.actions) == [_EVERY_ACTION]:
            environment = _facts(message, always_told=True)
            continue
        for action in declared.actions:
            if action in questions:
                raise ValueError(f"two messages declare the facts about {action}")
            attributes = tuple(declared.resource_attributes)
            questions[action] = Question(action, declared.resource_type, attributes, _facts(message, always_told=False))
    return Vocabulary(environment, questions)


def _messages() -> Iterator[Descriptor]:
    # A checkout beside the installed package has the same modules in a second folder.
    files = {file.relative_to(root) for root in map(Path, elcorp.__path__) for file in root.glob("*/v*/policy_questions_pb2.py")}
    for file in sorted(files):
        module = importlib.import_module(".".join(("elcorp", *file.with_suffix("").parts)))
        yield from module.DESCRIPTOR.message_types_by_name.values()


def _facts(message: Descriptor, *, always_told: bool) -> Mapping[str, Fact]:
    """Read the facts. Those of one question are optional: a service first asks about the permission alone."""
    return {
        field.name: Fact(
            field.name,
            _type(field),
            field.GetOptions().Extensions[options_pb2.policy_fact].description,
            is_optional=not always_told or field.has_presence,
        )
        for field in message.fields
    }


def _type(field: FieldDescriptor) -> FactType:
    declared = field.GetOptions().Extensions[options_pb2.policy_fact].type
    if declared in _BY_POLICY_TYPE:
        return _BY_POLICY_TYPE[declared]
    return FactType.TEXTS if field.is_repeated else _BY_TYPE[field.type]
