"""Policies in force at a bank, as governance publishes them: the schema declares what some of them reads, and no more."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor

from chassis.policies import Bundle
from chassis.testing.policies import bundle_of
from elcorp.options.v1 import options_pb2
from elcorp.payments.v1.policy_questions_pb2 import ApprovalFacts, PaymentFacts
from elcorp.platform.v1.policy_questions_pb2 import RequestEnvironment
from services.payments.tests.contract.bank import GRANTS, Bank

PAY: Final = "payment:create"
APPROVE: Final = "payment:approve"
_QUESTIONS: Final[Mapping[str, Any]] = {PAY: PaymentFacts, APPROVE: ApprovalFacts}
_TYPES: Final[Mapping[int, Mapping[str, object]]] = {
    FieldDescriptor.TYPE_BOOL: {"type": "Boolean"},
    FieldDescriptor.TYPE_INT64: {"type": "Long"},
    FieldDescriptor.TYPE_STRING: {"type": "String"},
}
_TEXT: Final = {"type": "String", "required": False}


def publish(bank: Bank, *enforced: str, shadow: Sequence[str] = ()) -> None:
    """Put these policies in force, and no others."""
    bank.policies.load(published(*enforced, shadow=shadow, version=bank.policies.version + 1))


def published(
    *enforced: str,
    shadow: Sequence[str] = (),
    grants: Mapping[str, Sequence[str]] = GRANTS,
    version: int = 2,
) -> Bundle:
    made = bundle_of(grants, version=version)
    schema = json.loads(made.schema)
    types = schema[""]["entityTypes"]
    types["Resource"]["shape"]["attributes"]["organization"] = _TEXT
    types["User"]["shape"] = {"type": "Record", "attributes": {"id": {"type": "String"}, "organization": _TEXT}}
    for permission in _QUESTIONS.keys() & schema[""]["actions"].keys():
        about = [text for text in (*enforced, *shadow) if f'Action::"{permission}"' in text]
        read = {name for text in about for name in re.findall(r"context(?: has |\.)([a-z_]+)", text)}
        context = _declared(_QUESTIONS[permission], read, required=False) | _declared(RequestEnvironment, read, required=True)
        schema[""]["actions"][permission]["appliesTo"]["context"]["attributes"] = context
    return Bundle(version, "\n\n".join([made.policies, *enforced]), json.dumps(schema), "\n\n".join(shadow))


def forbid(name: str, when: str, *, permission: str = PAY, role: str = "", step_up_seconds: int | None = None) -> str:
    """Return a policy about people with a role, or about all people."""
    step_up = f'@step_up("{step_up_seconds}")\n' if step_up_seconds else ""
    who = f'principal in Role::"{role}" && ' if role else ""
    scope = f'principal is User, action in [Action::"{permission}"], resource'
    return f'@id("policy:{name}")\n{step_up}forbid({scope}) when {{ {who}{when} }};'


def above(amount: str, currency: str = "NAD") -> str:
    known = f'context has amount && context has currency && context.currency == "{currency}"'
    return f'{known} && context.amount.greaterThan(decimal("{amount}"))'


def limit(amount: str, *, permission: str = PAY, role: str = "") -> str:
    """Return a policy by which people may pay, or decide on, at most an amount in one request."""
    return forbid("limit", above(amount), permission=permission, role=role)


def _declared(message: Any, names: Iterable[str], *, required: bool) -> dict[str, object]:
    return {
        field.name: {**_type(field), "required": required and not field.has_presence}
        for field in message.DESCRIPTOR.fields
        if field.name in set(names)
    }


def _type(field: FieldDescriptor) -> Mapping[str, object]:
    if field.GetOptions().Extensions[options_pb2.policy_fact].type == options_pb2.POLICY_TYPE_DECIMAL:
        return {"type": "Extension", "name": "decimal"}
    return _TYPES[field.type]
