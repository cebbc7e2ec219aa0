"""A session: one device's chain of refresh tokens, each used once (RFC 9700 section 4.14.2)."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID

from identity.domain.errors import InvalidRefreshToken, SessionExpired
from identity.domain.events import SessionEnded
from identity.domain.proof import Proof, with_multi_factor
from identity.domain.refresh_token import REMEMBERED_MAX, RefreshToken, UsedToken
from kernel.assurance import MULTI_FACTOR
from kernel.events import Aggregate

# Live sessions per user, each on its own device. No person has more devices.
LIVE_MAX = 100


class EndReason(StrEnum):
    SIGNED_OUT = "signed_out"
    SIGNED_OUT_EVERYWHERE = "signed_out_everywhere"
    REVOKED = "revoked"
    DEVICE_REVOKED = "device_revoked"
    IDLE = "idle"
    EXPIRED = "expired"
    REPLACED = "replaced"
    TOO_MANY = "too_many"
    REFRESH_REUSED = "refresh_reused"
    WRONG_DEVICE = "wrong_device"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  # a reason's name
    FACTOR_CHANGED = "factor_changed"
    EMAIL_CHANGED = "email_changed"
    FACTOR_REQUIRED = "factor_required"
    SUSPENDED = "suspended"
    DELETED = "deleted"
    ERASURE = "erasure"
    RECOVERED = "recovered"


class TokenUse(StrEnum):
    """How a genuine refresh token was used."""

    CURRENT = "current"
    TOO_SOON = "too_soon"
    IDLE = "idle"
    RETRIED = "retried"
    REUSED = "reused"
    WRONG_DEVICE = "wrong_device"


@dataclass(eq=False)
class Session(Aggregate):
    """`generation` orders the chain; times never do. `expires_at` is absolute: refreshing does not move it.

    `previous_digest`, `sealed_successor` and `rotated_at` are of the last used token. `earlier_used`, oldest first, are those
    used within the ten seconds before. Each opens its successor, so that every one leads to the current token. `methods`,
    `authenticated_at` and `passkey_id` are the last proof, which tokens claim. `earlier_proofs`, oldest first, remain when a
    factor of the last proof is removed: the latest one of each kind. `started_from` is the origin of the sign-in, `seen_from` of
    the last refresh (both sealed). `known_device`: at the sign-in, the device proved with its token that the account knows it.
    `organization_id`: the organization that the session acts for; None if the person acts alone.
    """

    id: UUID
    user_id: UUID
    device_id: UUID
    generation: int
    current_digest: bytes
    previous_digest: bytes | None
    sealed_successor: bytes | None
    rotated_at: datetime | None
    authenticated_at: datetime
    methods: tuple[str, ...]
    started_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    end_reason: str | None = None
    passkey_id: UUID | None = None
    earlier_proofs: tuple[Proof, ...] = ()
    earlier_used: tuple[UsedToken, ...] = ()
    started_from: bytes | None = None
    seen_from: bytes | None = None
    known_device: bool = False
    organization_id: UUID | None = None

    @classmethod
    def start(
        cls,
        first: RefreshToken,
        *,
        device_id: UUID,
        proof: Proof,
        life: timedelta,
        at: datetime,
        started_from: bytes | None = None,
        known_device: bool = False,
    ) -> Self:
        """Start a chain with its first token. The proof may be older than the session."""
        return cls(
            id=first.session_id,
            user_id=first.user_id,
            device_id=device_id,
            generation=first.generation,
            current_digest=first.digest,
            previous_digest=None,
            sealed_successor=None,
            rotated_at=None,
            authenticated_at=proof.at,
            methods=proof.methods,
            started_at=at,
            expires_at=at + life,
            passkey_id=proof.passkey_id,
            started_from=started_from,
            known_device=known_device,
        )

    @property
    def is_live(self) -> bool:
        return self.ended_at is None

    @property
    def proofs(self) -> tuple[Proof, ...]:
        """The valid proofs of the session, oldest first."""
        return (*self.earlier_proofs, Proof(self.methods, self.authenticated_at, self.passkey_id))

    @property
    def has_shown_two_factors(self) -> bool:
        """Whether its proofs, at any times, were of two different factors."""
        return MULTI_FACTOR in with_multi_factor(method for proof in self.proofs for method in proof.methods)

    @property
    def last_active_at(self) -> datetime:
        """The time of the device's last use: the last sign-in, refresh or step-up."""
        return max(self.rotated_at or self.started_at, self.authenticated_at)

    def overdue(self, *, at: datetime, idle_for: timedelta) -> EndReason | None:
        """Return why the session should have ended by now, or None."""
        if at >= self.expires_at:
            return EndReason.EXPIRED
        return EndReason.IDLE if at - self.last_active_at >= idle_for else None

    def present(self, token: RefreshToken, *, device_id: UUID, at: datetime, idle_for: timedelta = timedelta.max) -> TokenUse:
        """Return the use of a presented token. Raise InvalidRefreshToken if the session has ended, or SessionExpired."""
        if not self.is_live or token.session_id != self.id:
            raise InvalidRefreshToken(session_id=self.id)
        if at >= self.expires_at:
            raise SessionExpired(session_id=self.id)
        if device_id != self.device_id:
            return TokenUse.WRONG_DEVICE
        if token.generation == self.generation and hmac.compare_digest(token.digest, self.current_digest):
            if self.overdue(at=at, idle_for=idle_for):
                return TokenUse.IDLE
            return TokenUse.TOO_SOON if len(self._remembered(at)) >= REMEMBERED_MAX else TokenUse.CURRENT
        return TokenUse.RETRIED if self._is_retry(token, at) else TokenUse.REUSED

    def successors_of(self, token: RefreshToken) -> tuple[bytes, ...]:
        """Return the sealed tokens from a used token to the current one; each one opens the next.

        Return none for a token that is no longer stored, because the chain is broken.
        """
        chain = tuple(used for used in self._used if used.generation >= token.generation)
        generations = tuple(used.generation for used in chain)
        if generations != tuple(range(token.generation, self.generation)) or not chain:
            return ()
        return tuple(used.sealed_successor for used in chain) if hmac.compare_digest(token.digest, chain[0].digest) else ()

    def rotate(self, successor: RefreshToken, *, sealed: bytes, at: datetime, seen_from: bytes | None = None) -> None:
        """Use the current token and replace it with its successor."""
        if not self.is_live or successor.generation != self.generation + 1:
            raise InvalidRefreshToken(session_id=self.id)
        # Store the previous token with the others, except those that can no longer be retried.
        self.earlier_used = self._remembered(at)
        self.previous_digest, self.current_digest = self.current_digest, successor.digest
        self.generation = successor.generation
        self.sealed_successor = sealed
        self.rotated_at, self.seen_from = at, seen_from

    def prove_again(self, methods: tuple[str, ...], *, at: datetime, passkey_id: UUID | None = None) -> None:
        """Add a proof; `at` is the earliest time of its factors. Tokens from now on claim only the latest proof."""
        if not self.is_live:
            raise InvalidRefreshToken(session_id=self.id)
        self._replace_proofs((*self.proofs, Proof.of(methods, at=at, passkey_id=passkey_id)))

    def act_for(self, organization_id: UUID | None) -> None:
        """Act for an organization, or for the person alone. Tokens from now on say so."""
        if not self.is_live:
            raise InvalidRefreshToken(session_id=self.id)
        self.organization_id = organization_id

    def withdraw_codes(self) -> bool:
        """Remove codes from every proof, because the account has none left. Return False if no proof is left."""
        return self._replace_proofs(tuple(proof.without_codes() for proof in self.proofs))

    def withdraw_passkey(self, passkey_id: UUID) -> bool:
        """Remove a deleted passkey from every proof. Return False if no proof is left."""
        return self._replace_proofs(tuple(proof.without_passkey(passkey_id) for proof in self.proofs))

    def end(self, reason: EndReason, *, at: datetime, access_token_life: timedelta) -> None:
        """End the session. Repeating it changes nothing."""
        if not self.is_live:
            return
        self.ended_at, self.end_reason = at, reason.value
        self.sealed_successor, self.earlier_used = None, ()
        self.announce(
            SessionEnded(
                occurred_at=at,
                session_id=self.id,
                user_id=self.user_id,
                tokens_valid_until=at + access_token_life,
                reason=reason.value,
            )
        )

    def _replace_proofs(self, proofs: tuple[Proof, ...]) -> bool:
        # Keep the latest of each kind, so that a session with a step-up every five minutes stores only a few.
        latest = {
            (proof.methods, proof.passkey_id): proof for proof in sorted(proofs, key=lambda proof: proof.at) if proof.methods
        }
        if not latest:
            return False
        *earlier, last = sorted(latest.values(), key=lambda proof: proof.at)
        if self.proofs != (*earlier, last):
            self.earlier_proofs = tuple(earlier)
            self.methods, self.authenticated_at, self.passkey_id = last.methods, last.at, last.passkey_id
        return True

    @property
    def _used(self) -> tuple[UsedToken, ...]:
        if self.rotated_at is None or self.previous_digest is None or self.sealed_successor is None:
            return ()
        last = UsedToken(self.generation - 1, self.previous_digest, self.sealed_successor, self.rotated_at)
        return (*self.earlier_used, last)

    def _remembered(self, at: datetime) -> tuple[UsedToken, ...]:
        return tuple(used for used in self._used if used.may_be_retried(at=at))

    def _is_retry(self, token: RefreshToken, at: datetime) -> bool:
        remembered = any(used.generation == token.generation for used in self._remembered(at))
        return remembered and bool(self.successors_of(token))
