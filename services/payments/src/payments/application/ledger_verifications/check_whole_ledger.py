from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from kernel.long_work import Json, WorkRun
from payments.application.ledger.views import Finding

ACCOUNTS_A_STEP: Final = 500
# Of each rule; more are not kept.
SHOWN_MAX: Final = 20


class WholeLedger(Protocol):
    """The ledger, checked in parts: each rule is about the transfers and postings of one account, or about all balances."""

    @property
    def rules(self) -> int:
        """The number of rules."""

    async def count_accounts(self) -> int: ...

    async def accounts_after(self, account_id: UUID | None, *, limit: int) -> Sequence[UUID]:
        """Return the next accounts, in the order of their ids."""

    async def check_accounts(self, account_ids: Sequence[UUID]) -> Sequence[Finding]:
        """Check every rule on these accounts, their postings, and the transfers that they pay. Return what breaks them."""

    async def check_sums(self) -> Sequence[Finding]: ...


@dataclass(frozen=True, slots=True)
class CheckWholeLedger:
    """Check the whole ledger against its postings, account by account, while transfers continue.

    Every rule holds at every moment, so parts that were checked at different moments are as good as one snapshot, which would
    keep the database from cleaning up for hours. The checkpoint is the last account that was checked, with the findings so far.
    """

    ledger: WholeLedger
    accounts_a_step: int = ACCOUNTS_A_STEP

    async def __call__(self, run: WorkRun) -> Json:
        """Return the result: whether the ledger adds up, and what breaks which rule."""
        checkpoint = run.work.checkpoint or {}
        after = UUID(str(checkpoint["after"])) if checkpoint else None
        done: int = _number(checkpoint.get("accounts", 0))
        findings = _findings_of(checkpoint)
        # Wallets that are opened meanwhile are checked too, if their ids come later; the total follows them.
        total = await self.ledger.count_accounts()
        while True:
            await run.progress(done, total=total, message=_message(done, findings), checkpoint=_checkpoint(after, done, findings))
            step = await self.ledger.accounts_after(after, limit=self.accounts_a_step)
            if not step:
                break
            _add(findings, await self.ledger.check_accounts(step))
            after, done = step[-1], done + len(step)
        _add(findings, await self.ledger.check_sums())
        return {"adds_up": not findings, "accounts_checked": done, "rules": self.ledger.rules, "findings": _shown(findings)}


def _checkpoint(after: UUID | None, done: int, findings: Mapping[str, list[str]]) -> Json | None:
    return {"after": str(after), "accounts": done, "findings": _copy(findings)} if after else None


def _copy(findings: Mapping[str, list[str]]) -> dict[str, list[str]]:
    # The checkpoint is written later, and must not have rows of accounts after it: they would be found again.
    return {rule: list(rows) for rule, rows in findings.items()}


def _findings_of(checkpoint: Json) -> dict[str, list[str]]:
    found: Any = checkpoint.get("findings", {})
    return {str(rule): [str(row) for row in rows] for rule, rows in found.items()}


def _number(value: Any) -> int:
    return int(value)


def _add(findings: dict[str, list[str]], new: Sequence[Finding]) -> None:
    for finding in new:
        kept = findings.setdefault(finding.rule, [])
        kept += finding.broken[: SHOWN_MAX - len(kept)]


def _shown(findings: Mapping[str, list[str]]) -> list[Json]:
    return [{"rule": rule, "broken": list(rows)} for rule, rows in findings.items()]


def _message(done: int, findings: Mapping[str, list[str]]) -> str:
    return f"{done} accounts checked, {len(findings)} rules broken"
