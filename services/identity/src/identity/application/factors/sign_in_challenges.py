"""Challenges of sign-ins that wait for a second factor."""

from identity.application.ports.unit_of_work import Transaction
from identity.domain.errors import InvalidCredentials, SignInOver
from identity.domain.sign_in_challenge import SignInChallenge
from identity.domain.user import User
from kernel.clock import Clock


async def open_challenge(tx: Transaction, digest: bytes, *, clock: Clock) -> SignInChallenge:
    """Find and lock a challenge that still waits. Raise SignInOver."""
    challenge = await tx.factors.challenges.lock(digest)
    # Read the clock under the lock, because waiting for the lock may take long.
    if challenge is None or not challenge.is_open(at=clock.now()):
        raise SignInOver
    return challenge


async def lock_enrolling_user(tx: Transaction, digest: bytes, *, clock: Clock) -> User:
    """Lock the user who must set up a second factor before this sign-in continues. Raise SignInOver or InvalidCredentials."""
    challenge = await open_challenge(tx, digest, clock=clock)
    user = await tx.users.lock(challenge.user_id)
    if user is None or not user.is_active or user.password_changed_at != challenge.password_changed_at:
        raise InvalidCredentials
    if not challenge.enrolment or user.has_second_factor:
        raise SignInOver
    return user
