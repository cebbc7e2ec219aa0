"""How policies appear in the audit log."""

from typing import Final

from governance.domain.policy import Policy, PolicyVersion
from kernel.audit import Audited, State


def _state(policy: Policy) -> State:
    return {
        "description": policy.description,
        "owner": policy.owner,
        "mode": policy.mode.value,
        "version_in_force": policy.version_in_force,
        "latest_version": policy.latest_version,
        "revision": policy.revision,
    }


def _version_state(version: PolicyVersion) -> State:
    return {
        "cedar": version.cedar,
        "sentence": version.sentence,
        "template": version.template,
        "parameters": version.parameters,
        "digest": version.digest,
    }


POLICY: Final = Audited[Policy](
    action="governance.policy",
    resource_type="policy",
    state=_state,
    id_of=lambda policy: policy.name,
    related=lambda policy: (f"policy:{policy.name}",),
)
POLICY_VERSION: Final = Audited[PolicyVersion](
    action="governance.policy_version",
    resource_type="policy_version",
    state=_version_state,
    id_of=lambda version: f"{version.policy}/{version.number}",
    related=lambda version: (f"policy:{version.policy}",),
)
