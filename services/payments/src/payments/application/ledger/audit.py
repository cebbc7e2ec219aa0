"""The audit facts of the ledger's own check."""

from datetime import datetime

from kernel.audit import AuditFact
from kernel.money import amount_text
from payments.application.ports.ledger import Break
from payments.domain.account import Account, AccountStatus


def break_found(account: Account, found: Break, *, before: AccountStatus, at: datetime) -> AuditFact:
    return AuditFact(
        action="payments.ledger.break",
        resource_type="account",
        resource_id=str(account.id),
        occurred_at=at,
        before={"status": before.value},
        after={
            "status": account.status.value,
            "what": found.what,
            "expected": amount_text(found.expected, found.currency),
            "found": amount_text(found.found, found.currency),
        },
    )
