"""Check a bundle with Cedar's own validator before it is published, and a policy before it is stored."""

from collections.abc import Sequence
from typing import Final

import cedarpy

from governance.domain.errors import UnsoundPolicies
from governance.domain.policies import CompiledPolicies

_POSITION: Final = "for policy `policy0`, "
_ERRORS_MAX: Final = 5


class CedarChecker:
    """Parse and type-check with the engine that every service embeds."""

    def check(self, compiled: CompiledPolicies) -> None:
        """Raise UnsoundPolicies."""
        for text in filter(None, (compiled.policies, compiled.shadow)):
            if errors := self.errors(text, compiled.schema):
                raise UnsoundPolicies(errors=errors)

    def errors(self, policies: str, schema: str) -> Sequence[str]:
        """Say what of these policies does not agree with a schema."""
        try:
            validation = cedarpy.validate_policies(policies, cedarpy.Schema.from_json_str(schema))
        except ValueError as exc:
            return [str(exc)[:500]]
        if validation.validation_passed:
            return []
        found = (error.error.removeprefix(_POSITION) for error in validation.errors)
        return [each[:500] for each in dict.fromkeys(found)][:_ERRORS_MAX]
