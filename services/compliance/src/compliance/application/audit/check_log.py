"""Recompute the log from its leaves, and compare the result with the database and with checkpoints from outside it."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from compliance.application.audit.anchors import Anchor, NoteCheck, contradictions
from compliance.application.audit.findings import Finding, Kind
from compliance.application.audit.recomputation import Recomputation
from compliance.application.ports.audit import KeptNote, StoredKey, StoredLog
from compliance.domain.checkpoint import VerifierKey, Verify


@dataclass(frozen=True, slots=True)
class CheckLog:
    """Check the whole log in one snapshot. Memory grows only with the stored nodes (one per 256 entries) and checkpoints.

    `unseal` returns the public key of a sealed signing key, None if the key cannot be opened. It is None without a master key.
    """

    open_log: Callable[[], AbstractAsyncContextManager[StoredLog]]
    verify: Verify
    unseal: Callable[[StoredKey], bytes | None] | None = None

    async def __call__(
        self,
        *,
        key: VerifierKey | None = None,
        kept: Sequence[KeptNote] = (),
        with_columns: bool = True,
        progress: Callable[[int, int], None] = lambda _done, _size: None,
    ) -> Finding:
        """Return the result. `progress` receives the number of checked entries and the total.

        `key` is the log's key as an auditor kept it; without it, notes are verified by the key in the database. `kept` are notes
        from outside the database. `with_columns=False` skips the check that the indexed columns agree with the leaves.
        """
        async with self.open_log() as log:
            finding = Finding(checkpoints=len(log.checkpoints), kept=len(kept))
            self._check_keys(log, finding, key)
            stored, outside = self._anchors(log, finding, key, kept)
            recomputation = Recomputation(finding, log, [*stored, *outside])
            async for chunk in log.chunks(with_columns=with_columns):
                recomputation.add(chunk)
                progress(recomputation.frontier.size, log.head.size if log.head else recomputation.frontier.size)
            recomputation.finish(with_columns=with_columns)
            _check_absent(log, finding, outside)
        if not kept:
            finding.unchecked.append("whether the log was set back or signed twice: give notes kept elsewhere with --checkpoint")
        return finding

    def _anchors(
        self, log: StoredLog, finding: Finding, key: VerifierKey | None, kept: Sequence[KeptNote]
    ) -> tuple[list[Anchor], list[Anchor]]:
        key = key or next((stored.verifier for stored in log.keys), None)
        if key is None:
            if log.checkpoints or kept:
                finding.complain(Kind.KEY, "there are checkpoints, but no key that could have signed them")
            return [], []
        check = NoteCheck(key, self.verify, finding)
        stored, outside = check.stored(log.checkpoints), check.kept(kept)
        for problem in contradictions([*stored, *outside]):
            finding.complain(Kind.FORK, problem)
        return stored, outside

    def _check_keys(self, log: StoredLog, finding: Finding, key: VerifierKey | None) -> None:
        if len(log.keys) > 1:
            names = ", ".join(stored.name for stored in log.keys)
            finding.complain(Kind.KEY, f"log_keys has {len(log.keys)} rows, but a log has one key: {names}")
        if key is None:
            finding.unchecked.append("whether the log's key is the one that auditors kept: give it with --key")
        elif log.keys and all(stored.verifier != key for stored in log.keys):
            finding.complain(Kind.KEY, f"log_keys has the key {log.keys[0].verifier.text}, not {key.text}")
        elif not log.keys:
            finding.complain(Kind.KEY, "log_keys is empty, but the log has a key")
        if self.unseal is None:
            finding.unchecked.append("whether the sealed signing key agrees with the public key: the master key is not set")
            return
        for stored in log.keys:
            public_key = self.unseal(stored)
            if public_key is None:
                finding.complain(Kind.KEY, f"the sealed key of {stored.name} cannot be opened with this master key")
            elif public_key != stored.public_key:
                finding.complain(Kind.KEY, f"the sealed key of {stored.name} does not belong to its public key")


def _check_absent(log: StoredLog, finding: Finding, outside: Sequence[Anchor]) -> None:
    # A note is published in the transaction that stores its checkpoint, and no checkpoint is ever deleted.
    sizes = {stored.size for stored in log.checkpoints}
    for anchor in outside:
        if anchor.size <= finding.size and anchor.size not in sizes:
            finding.complain(Kind.ABSENT, f"the log has no {anchor.label}")
