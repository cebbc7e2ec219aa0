"""Use cases for policy bundles."""

from dataclasses import dataclass

from governance.application.policy_bundles.ensure_bundle import EnsureBundle
from governance.application.policy_bundles.get_bundle import GetBundle
from governance.application.policy_bundles.get_current_policies import GetCurrentPolicies
from governance.application.policy_bundles.get_policy_bundle import GetPolicyBundle
from governance.application.policy_bundles.list_policy_bundles import ListPolicyBundles


@dataclass(frozen=True, slots=True)
class PolicyBundles:
    list_policy_bundles: ListPolicyBundles
    get_current_policies: GetCurrentPolicies
    get_policy_bundle: GetPolicyBundle
    get_bundle: GetBundle
    ensure_bundle: EnsureBundle
