"""Check a bundle with Cedar's own validator before it is published."""

import cedarpy

from governance.domain.errors import UnsoundPolicies
from governance.domain.policies import CompiledPolicies


class CedarChecker:
    """Parse and type-check a compiled bundle with the engine that every service embeds."""

    def check(self, compiled: CompiledPolicies) -> None:
        try:
            schema = cedarpy.Schema.from_json_str(compiled.schema)
            validation = cedarpy.validate_policies(compiled.policies, schema)
        except ValueError as exc:
            raise UnsoundPolicies(error=str(exc)[:500]) from exc
        if not validation.validation_passed:
            raise UnsoundPolicies(errors=[str(error)[:500] for error in validation.errors[:5]])
