"""How findings of completeness appear in the audit log."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from compliance.domain.completeness import Flaw
from kernel.audit import AuditFact

# The findings that one fact names. All of them are in the list of missing facts.
NAMED_MAX: Final = 100


def found(producer: str, flaws: Sequence[Flaw], *, at: datetime) -> AuditFact:
    return _fact("find", producer, flaws, at=at)


def resolved(producer: str, flaws: Sequence[Flaw], *, at: datetime) -> AuditFact:
    return _fact("resolve", producer, flaws, at=at)


def _fact(verb: str, producer: str, flaws: Sequence[Flaw], *, at: datetime) -> AuditFact:
    named = flaws[:NAMED_MAX]
    return AuditFact(
        action=f"compliance.completeness.{verb}",
        resource_type="journal",
        resource_id=producer,
        occurred_at=at,
        after={
            "findings": dict(Counter(flaw.kind.value for flaw in flaws)),
            "named": [{"kind": flaw.kind.value, "number": str(flaw.number)} for flaw in named],
        },
        related_ids=tuple(dict.fromkeys(str(flaw.fact_id) for flaw in named if flaw.fact_id)),
    )
