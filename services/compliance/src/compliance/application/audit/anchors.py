"""Anchors: the roots that the log must have, because its key has signed them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from compliance.application.audit.findings import Finding, Kind
from compliance.application.ports.audit import KeptNote, StoredCheckpoint
from compliance.domain.checkpoint import Checkpoint, MalformedNote, VerifierKey, Verify


@dataclass(frozen=True, slots=True)
class Anchor:
    """A signed checkpoint, and the words for it in findings."""

    size: int
    root_hash: bytes
    label: str


@dataclass(frozen=True, slots=True)
class NoteCheck:
    """Verify notes under one key. Findings are complaints about notes; anchors come from those that verify."""

    key: VerifierKey
    verify: Verify
    finding: Finding

    def stored(self, checkpoints: Iterable[StoredCheckpoint]) -> list[Anchor]:
        """Verify the log's own checkpoints. The newest that verifies becomes the finding's newest note."""
        anchors: list[Anchor] = []
        for stored in checkpoints:
            label = f"checkpoint {stored.size}"
            signed = self._open(stored.note, label)
            if signed is None:
                continue
            if (signed.size, signed.root_hash) != (stored.size, stored.root_hash):
                self.finding.complain(Kind.NOTE, f"the note of {label} belongs to another checkpoint, of size {signed.size}")
            else:
                self.finding.newest_note = stored.note
            anchors.append(Anchor(signed.size, signed.root_hash, label))
        return anchors

    def kept(self, notes: Sequence[KeptNote]) -> list[Anchor]:
        """Verify notes from outside the database."""
        opened = [(kept.source, self._open(kept.note, kept.source)) for kept in notes]
        return [Anchor(it.size, it.root_hash, f"checkpoint {it.size} of {source}") for source, it in opened if it]

    def _open(self, note: str, label: str) -> Checkpoint | None:
        try:
            return Checkpoint.open(note, self.key, self.verify)
        except MalformedNote as problem:
            self.finding.complain(Kind.NOTE, f"the note of {label} does not verify: {problem}")
            return None


def contradictions(anchors: Iterable[Anchor]) -> list[str]:
    """Return the signed checkpoints of one size that have different roots."""
    by_size: dict[int, dict[bytes, str]] = defaultdict(dict)
    for anchor in anchors:
        by_size[anchor.size].setdefault(anchor.root_hash, anchor.label)
    return [
        f"{' and '.join(labels.values())} are signed and have different root hashes"
        for _, labels in sorted(by_size.items())
        if len(labels) > 1
    ]
