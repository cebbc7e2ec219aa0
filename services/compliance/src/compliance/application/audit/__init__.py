"""Use cases for the audit log."""

from dataclasses import dataclass

from compliance.application.audit.append_facts import AppendFacts
from compliance.application.audit.check_log import CheckLog
from compliance.application.audit.export_audit_entries import ExportAuditEntries
from compliance.application.audit.get_audit_entry import GetAuditEntry
from compliance.application.audit.get_audit_trail import GetAuditTrail
from compliance.application.audit.get_checkpoint import GetCheckpoint
from compliance.application.audit.get_consistency_proof import GetConsistencyProof
from compliance.application.audit.get_first_entry import GetFirstEntry
from compliance.application.audit.get_inclusion_proof import GetInclusionProof
from compliance.application.audit.get_log_key import GetLogKey
from compliance.application.audit.list_audit_entries import ListAuditEntries
from compliance.application.audit.list_audit_producers import ListAuditProducers
from compliance.application.audit.list_missing_facts import ListMissingFacts
from compliance.application.audit.list_policy_decisions import ListPolicyDecisions
from compliance.application.audit.sign_checkpoint import SignCheckpoint


@dataclass(frozen=True, slots=True)
class Audit:
    list_audit_entries: ListAuditEntries
    export_audit_entries: ExportAuditEntries
    get_audit_entry: GetAuditEntry
    get_inclusion_proof: GetInclusionProof
    get_audit_trail: GetAuditTrail
    get_checkpoint: GetCheckpoint
    get_consistency_proof: GetConsistencyProof
    get_log_key: GetLogKey
    get_first_entry: GetFirstEntry
    append_facts: AppendFacts
    sign_checkpoint: SignCheckpoint
    check_log: CheckLog
    list_audit_producers: ListAuditProducers
    list_missing_facts: ListMissingFacts
    list_policy_decisions: ListPolicyDecisions
