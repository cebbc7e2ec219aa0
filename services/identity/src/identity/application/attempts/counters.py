"""What sign-in attempts are recorded and counted under."""

from uuid import UUID

from identity.application.ports.digests import Digests
from identity.domain.sign_in_name import SignInName


def account_of(digest: Digests, name: SignInName) -> str:
    """Return what a name is called in the record, whether or not an account has it."""
    return digest(f"{name.kind}:{name.text}").hex()[:32]


def counter_of(digest: Digests, account: UUID | str) -> str:
    """Return what attempts are counted under: the user, by whichever name; where no account has the name, the name."""
    return digest(f"counter:{account}").hex()[:32]
