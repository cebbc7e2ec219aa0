"""The audit fact of counted attempts. Its only personal data is the address that the attempts came from."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Final

from identity.domain.attempts import AttemptCount, CountedAttempts
from kernel.audit import AuditFact

# The log's limits would cut off more. The accounts with the most attempts are named, the others are counted.
_ACCOUNTS_NAMED_MAX: Final = 200


def attempts_counted(attempts: CountedAttempts, *, at: datetime) -> AuditFact:
    """Record the attempts of one address: how many of which kind, on which accounts, between which times."""
    named = [each for each in attempts.counts if each.account][:_ACCOUNTS_NAMED_MAX]
    return AuditFact(
        action="identity.attempts.count",
        resource_type="source",
        resource_id=attempts.source,
        occurred_at=at,
        after={
            "attempts": sum(each.count for each in attempts.counts),
            "first_at": attempts.first_at.isoformat(),
            "last_at": attempts.last_at.isoformat(),
            "kinds": [_kind(list(group), named) for _, group in groupby(sorted(attempts.counts, key=_name), key=_name)],
        },
        related_ids=tuple(dict.fromkeys(each.account for each in named)),
    )


def _name(count: AttemptCount) -> tuple[str, str]:
    return count.action, count.reason


def _kind(counts: Sequence[AttemptCount], named: Sequence[AttemptCount]) -> dict[str, object]:
    accounts = {each.account: each.count for each in counts if each in named}
    kind: dict[str, object] = {"action": counts[0].action, "attempts": sum(each.count for each in counts)}
    if counts[0].reason:
        kind["reason"] = counts[0].reason
    if accounts:
        kind["accounts"] = accounts
    if unnamed := sum(bool(each.account) for each in counts) - len(accounts):
        kind["further_accounts"] = unnamed
    return kind
