"""Sign-ins that wait for a second factor."""

from typing import Protocol

from identity.domain.sign_in_challenge import SignInChallenge


class SignInChallenges(Protocol):
    def add(self, challenge: SignInChallenge) -> None: ...

    async def lock(self, digest: bytes) -> SignInChallenge | None:
        """Find a challenge by the digest of its text and lock it until the transaction ends."""
