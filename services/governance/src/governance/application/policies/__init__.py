"""Use cases for policy bundles."""

from dataclasses import dataclass

from governance.application.policies.ensure_bundle import EnsureBundle
from governance.application.policies.get_bundle import GetBundle
from governance.application.policies.get_current_policies import GetCurrentPolicies
from governance.application.policies.list_policy_bundles import ListPolicyBundles


@dataclass(frozen=True, slots=True)
class Policies:
    list_policy_bundles: ListPolicyBundles
    get_current_policies: GetCurrentPolicies
    get_bundle: GetBundle
    ensure_bundle: EnsureBundle
