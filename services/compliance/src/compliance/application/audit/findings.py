"""What a check of the log found."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

# A changed entry changes every root after it. The first findings of each kind show where the change begins.
EACH_KIND_MAX = 10


class Kind(Enum):
    """The kinds of findings, each with what it means and what to do."""

    KEY = (
        "Only signatures by the key that auditors kept prove anything. If log_keys was changed, restore its row from a backup;"
        " if the private key may be known to others, everything signed since then is in doubt."
    )
    NOTE = (
        "The row was changed, or signed with another key. Checkpoints that services and auditors kept show what was signed;"
        " restore the row from them or from a backup."
    )
    ABSENT = "Checkpoints are never deleted, so the row was removed. The kept note is valid: insert it again."
    ROLLBACK = (
        "The log ends earlier than it once did: it was truncated, or a backup was restored. Restore a later state; the missing"
        " entries are not in the log any more, and proofs of them are the only evidence."
    )
    FORK = (
        "The log's key has signed two histories, of which one is false. Keep both notes as evidence, and compare the checkpoints"
        " of every service and auditor to find out which entries differ."
    )
    ROOT = (
        "Entries below this size were changed, exchanged or removed after the checkpoint was signed."
        " Compare them with a backup of that time, and restore them."
    )
    RANGE = "Compare these entries with a backup."
    ENTRY = "The entry was changed in the database. The producer's journal has its digest; restore it from a backup."
    COLUMNS = (
        "The leaf is the evidence. Searches use the columns and related subjects, and may miss the entry."
        " Restore them from the leaf."
    )
    NODE = (
        "Proofs of these entries fail. If all checkpoints agree with the log, only the node is wrong and can be restored;"
        " otherwise the entries were changed."
    )
    HEAD = (
        "Appending would continue a wrong tree. Stop compliance's work processes, and restore the head from a backup or from"
        " the leaves."
    )


@dataclass
class Finding:
    """The result of a check. The log is intact if there are no problems."""

    size: int = 0
    checkpoints: int = 0
    kept: int = 0
    root_hash: bytes = b""
    # The newest checkpoint whose note verifies.
    newest_note: str | None = None
    # What this check could not decide, and why.
    unchecked: list[str] = field(default_factory=list)
    _problems: dict[Kind, list[str]] = field(default_factory=lambda: defaultdict(list))
    _counts: Counter[Kind] = field(default_factory=Counter)

    def complain(self, kind: Kind, problem: str) -> None:
        self._counts[kind] += 1
        if self._counts[kind] <= EACH_KIND_MAX:
            self._problems[kind].append(problem)

    @property
    def by_kind(self) -> Mapping[Kind, Sequence[str]]:
        """Return the listed findings, in the order of the kinds."""
        return {kind: self._problems[kind] for kind in Kind if kind in self._problems}

    @property
    def problems(self) -> list[str]:
        return [problem for problems in self.by_kind.values() for problem in problems]

    def omitted(self, kind: Kind) -> int:
        """Return how many findings of this kind are not listed."""
        return self._counts[kind] - len(self._problems[kind])
