"""The keys under which sign-in attempts are recorded and counted."""

from uuid import UUID

from identity.application.ports.digests import Digests
from identity.domain.sign_in_name import SignInName


def name_digest(digest: Digests, name: SignInName) -> str:
    """Return the digest that stands for a sign-in name in the audit log, whether or not an account has the name."""
    return digest(f"{name.kind}:{name.text}").hex()[:32]


def counter_of(digest: Digests, account: UUID | str) -> str:
    """Return the counter of attempts: the user, for any of their names; the name, if no account has it."""
    return digest(f"counter:{account}").hex()[:32]
