"""Use cases for policies."""

from dataclasses import dataclass

from governance.application.policies.add_policy_version import AddPolicyVersion
from governance.application.policies.create_policy import CreatePolicy
from governance.application.policies.describe_policy import DescribePolicy
from governance.application.policies.get_policy import GetPolicy
from governance.application.policies.get_policy_version import GetPolicyVersion
from governance.application.policies.get_policy_vocabulary import GetPolicyVocabulary
from governance.application.policies.get_shadow_report import GetShadowReport
from governance.application.policies.list_policies import ListPolicies
from governance.application.policies.list_policy_templates import ListPolicyTemplates
from governance.application.policies.list_policy_versions import ListPolicyVersions
from governance.application.policies.preview_policy import PreviewPolicy


@dataclass(frozen=True, slots=True)
class Policies:
    list_policies: ListPolicies
    create_policy: CreatePolicy
    get_policy: GetPolicy
    describe_policy: DescribePolicy
    list_policy_versions: ListPolicyVersions
    add_policy_version: AddPolicyVersion
    get_policy_version: GetPolicyVersion
    preview_policy: PreviewPolicy
    list_policy_templates: ListPolicyTemplates
    get_policy_vocabulary: GetPolicyVocabulary
    get_shadow_report: GetShadowReport
