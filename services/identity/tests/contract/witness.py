"""Check that a refused write changes nothing.

The witness hooks into the tests' client: it reads every table before a write, and again if the response is a refusal. One
table, by route and error code, lists what a refusal may leave behind (a failure on record, a counted try).
"""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

import httpx
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.testing.stored import Rows, everything
from services.identity.tests.contract.api import ARRANGING
from services.identity.tests.contract.outbox import names_of
from services.identity.tests.fakes.revocations import FakeRevocations

_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_POSITION: Final = text("SELECT max(position) FROM outbox")
_NEW: Final = text("SELECT type, payload FROM outbox WHERE position > :position ORDER BY position")
# Idle sessions have no live token, and the end of a replaced session reaches gateways by its event a moment later.
_ENDED: Final = text(
    """
    SELECT id, end_reason FROM sessions
    WHERE ended_at IS NOT NULL AND end_reason NOT IN ('idle', 'expired', 'replaced', 'too_many')
    """
)
_FACTORS: Final = text("SELECT id, factors_version FROM users WHERE factors_version > 0")
_REVOCATIONS: Final = "(the list of revoked sessions)"
# The tables that count refused attempts.
_ATTEMPTS: Final = frozenset({"attempt_sources", "attempt_counts"})
_JOBS: Final = frozenset({"procrastinate_jobs", "procrastinate_events"})


@dataclass(frozen=True, slots=True)
class Trace:
    """What may remain: rows of `tables`, and these events and audit facts in the outbox."""

    tables: frozenset[str] = frozenset()
    record: frozenset[str] = frozenset()

    @classmethod
    def of(cls, record: str, *tables: str) -> "Trace":
        return cls(frozenset(tables), frozenset(record.split()))


NOTHING: Final = Trace()
_SIGN_IN_FAILED: Final = Trace.of("identity.user.sign_in_failed", *_ATTEMPTS)
_PASSKEY_REFUSED: Final = Trace.of("identity.passkey.refuse", "passkey_ceremonies", "passkeys", *_ATTEMPTS)
_WRONG_PROOF: Final = Trace.of("identity.user.second_factor_failed", "second_factor_failures", *_ATTEMPTS)
_PROVEN_IN_VAIN: Final = Trace.of(
    "identity.user.second_factor_shown identity.user.sign_in_failed",
    *("totps", "backup_codes", "sign_in_challenges", "passkey_ceremonies", "passkeys", *_ATTEMPTS),
)
_WRONG_CODE: Final = Trace.of("identity.verification.refuse", "one_time_codes", *_ATTEMPTS)
_NOT_CHANGED: Final = Trace.of("identity.password.change_refused", *_ATTEMPTS)
_NOT_UNDONE: Final = Trace.of("identity.email.undo_refused", *_ATTEMPTS)
LEFT_BEHIND: Final[Mapping[tuple[str, str], Trace]] = {
    ("/auth/login", "AUTH_001"): _SIGN_IN_FAILED,
    ("/auth/login", "RATE_001"): _SIGN_IN_FAILED,
    ("/auth/login/verify", "AUTH_001"): _PROVEN_IN_VAIN,
    ("/auth/login/verify", "AUTH_006"): Trace.of(
        "identity.user.second_factor_failed", "second_factor_failures", "sign_in_challenges", *_ATTEMPTS
    ),
    ("/auth/login/verify", "AUTH_007"): _SIGN_IN_FAILED,
    ("/auth/login/verify", "RATE_001"): _SIGN_IN_FAILED,
    ("/auth/login/totp/confirm", "AUTH_006"): Trace.of("identity.user.second_factor_failed", "sign_in_challenges", *_ATTEMPTS),
    ("/auth/passkeys/login", "AUTH_001"): _PROVEN_IN_VAIN,
    ("/auth/passkeys/login", "AUTH_008"): _PASSKEY_REFUSED,
    ("/auth/factors/passkeys", "AUTH_008"): Trace.of("identity.passkey.refuse", "passkey_ceremonies", *_ATTEMPTS),
    ("/auth/email-change/undo", "AUTH_001"): _NOT_UNDONE,
    ("/auth/email-change/undo", "RATE_001"): _NOT_UNDONE,
    ("/auth/step-up", "AUTH_001"): _WRONG_PROOF,
    ("/auth/step-up", "AUTH_006"): _WRONG_PROOF,
    ("/auth/step-up", "AUTH_008"): _PASSKEY_REFUSED,
    # A session that has expired, or whose token was stolen, ends.
    ("/auth/refresh", "AUTH_002"): Trace.of("identity.session.end identity.session.ended", "sessions", *_ATTEMPTS, _REVOCATIONS),
    # The device key's proof is used up.
    ("/auth/refresh", "AUTH_003"): Trace.of(
        "identity.session.refresh_reused identity.session.ended",
        "sessions",
        "messages",
        # A message about a change of an account is listed, too.
        "notices",
        "used_device_proofs",
        *_ATTEMPTS,
        *_JOBS,
        _REVOCATIONS,
    ),
    ("/auth/refresh", "AUTH_011"): Trace.of("identity.session.refresh_refused", *_ATTEMPTS),
    ("/auth/recovery/confirm", "AUTH_010"): Trace.of(
        "identity.verification.refuse", "one_time_codes", "second_factor_failures", *_ATTEMPTS
    ),
    ("/auth/verify-email", "AUTH_010"): _WRONG_CODE,
    ("/auth/verify-phone", "AUTH_010"): _WRONG_CODE,
    ("/users/{id}/password", "AUTH_001"): _NOT_CHANGED,
    ("/users/{id}/password", "RATE_001"): _NOT_CHANGED,
}


@dataclass(frozen=True, slots=True)
class Picture:
    """The rows of each table, and the last position in the outbox."""

    tables: Rows
    position: int
    revoked: frozenset[object]


@dataclass
class Witness:
    """Reads everything that identity stores, as the database's owner."""

    owner: Database
    revocations: FakeRevocations
    _asked: int = 0
    _open: set[int] = field(default_factory=set)

    @asynccontextmanager
    async def unchanged(self, but: Trace = NOTHING) -> AsyncIterator[None]:
        """Fail if the block leaves more than `but` behind."""
        before = await self.look()
        yield
        await self._compare(before, but, "the block")

    async def ended_unrevoked(self) -> list[str]:
        """Return the end reasons of sessions not reported to gateways at once, though their tokens are still valid."""
        async with self.owner.read() as connection:
            ended = (await connection.execute(_ENDED)).all()
        return [reason for session_id, reason in ended if session_id not in self.revocations.ended]

    async def factors_unreported(self) -> list[UUID]:
        """Return the users whose changed factors were not reported to services at once."""
        async with self.owner.read() as connection:
            versions = (await connection.execute(_FACTORS)).all()
        reported = self.revocations.factors
        return [user_id for user_id, version in versions if user_id not in reported or reported[user_id].version < version]

    async def watch(self, request: httpx.Request) -> None:
        """Read before a write; a request hook of the client."""
        if request.method in _READS or ARRANGING.get():
            return
        self._asked += 1
        number, alone = self._asked, not self._open
        self._open.add(number)
        request.extensions["witnessed"] = number, await self.look() if alone else None

    async def judge(self, response: httpx.Response) -> None:
        """Read again if a write was refused and no other was under way; a response hook of the client."""
        number, before = response.request.extensions.get("witnessed", (0, None))
        self._open.discard(number)
        if before is None or number != self._asked or response.status_code < HTTPStatus.BAD_REQUEST:
            return
        await response.aread()
        await self._compare(before, _allowed(response), f"{response.request.method} {response.request.url}: {response.text}")

    async def look(self) -> Picture:
        async with self.owner.read() as connection:
            position = await connection.scalar(_POSITION)
        return Picture(
            await everything(self.owner), position or 0, frozenset((*self.revocations.ended, *self.revocations.factors.items()))
        )

    async def _compare(self, before: Picture, but: Trace, what: str) -> None:
        after = await self.look()
        tables = (before.tables.keys() | after.tables.keys()) - {"outbox", "audit_journal"}
        changed = {name for name in tables if before.tables.get(name) != after.tables.get(name)}
        if after.revoked != before.revoked:
            changed.add(_REVOCATIONS)
        async with self.owner.read() as connection:
            new = (await connection.execute(_NEW, {"position": before.position})).all()
        record = {name for kind, payload in new for name in names_of(kind, bytes(payload))}
        assert (changed - but.tables, record - but.record) == (set(), set()), f"left behind by what was refused: {what}"


def _allowed(response: httpx.Response) -> Trace:
    path = re.sub(r"/users/[0-9a-f-]{36}/", "/users/{id}/", response.request.url.path.removeprefix("/api/v1"))
    return LEFT_BEHIND.get((path, _code(response)), NOTHING)


def _code(response: httpx.Response) -> str:
    try:
        body: Any = json.loads(response.content)
    except ValueError:
        return ""
    return str(body.get("code", ""))
