"""What every new text of a policy must be, whether it is filled in a template or written in Cedar."""

from collections.abc import Mapping
from dataclasses import dataclass

from governance.application.ports.policies import PolicyReader
from governance.application.ports.policy_bundles import PolicyChecker
from governance.application.ports.transaction import Transaction
from governance.domain.policies import schema_of_everything
from governance.domain.policy import PolicyText
from governance.domain.policy_templates import find_template
from governance.domain.vocabulary import Vocabulary
from kernel.errors import Fault, InvalidValues

_CEDAR = "cedar"
_PARAMETERS = "parameters"


@dataclass(frozen=True, slots=True)
class PolicyDraft:
    """What a person wrote: a template with its parameters, or Cedar."""

    template: str | None = None
    parameters: Mapping[str, object] | None = None
    cedar: str | None = None


@dataclass(frozen=True, slots=True)
class WritePolicyText:
    """Turn a draft into the text of a version, which is valid against all that services declare now."""

    reader: PolicyReader
    checker: PolicyChecker
    vocabulary: Vocabulary

    async def __call__(self, tx: Transaction, draft: PolicyDraft) -> PolicyText:
        """Raise NotFound for an unknown template, or InvalidValues, which says where the draft is wrong."""
        permissions = await tx.permissions.all()
        described = {permission.name: permission.description for permission in permissions}
        if draft.template is not None:
            text, place = find_template(draft.template).fill(draft.parameters or {}, described), _PARAMETERS
        elif draft.cedar is not None:
            text, place = self._of_cedar(draft.cedar, described), _CEDAR
        else:
            raise InvalidValues([Fault("template", "Expected a template with parameters, or cedar.")])
        reading = self.reader.read(text.cedar)
        roles = frozenset(role.name for role in await tx.roles.all() if not role.is_retired)
        faults = list(reading.faults(self.vocabulary, actions=frozenset(described), roles=roles, place=place))
        if not faults:
            errors = self.checker.errors(text.cedar, schema_of_everything(permissions, self.vocabulary))
            faults = [Fault(place, f"{error}.") for error in errors]
        if faults:
            raise InvalidValues(faults)
        return text

    def _of_cedar(self, cedar: str, described: Mapping[str, str]) -> PolicyText:
        actions = self.reader.read(cedar).actions
        named = ", ".join(f"{described[each].lower()} ({each})" if described.get(each) else each for each in actions)
        return PolicyText(cedar=cedar.strip(), sentence=f"A rule written in Cedar forbids, under its conditions: {named}.")
