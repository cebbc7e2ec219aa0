"""Judges of approval rules that fail."""

from collections.abc import Callable

from chassis.rpc import RemoteError
from kernel.errors import Kind, Unavailable
from payments.domain.approval import ApprovalQuestion


def unavailable(_question: ApprovalQuestion) -> bool:
    """Fail as stale rules do."""
    raise Unavailable(dependency="governance")


def unable(kind: Kind) -> Callable[[ApprovalQuestion], bool]:
    """Return a judge that fails as a peer does that returns an error of this kind."""

    def judge(_question: ApprovalQuestion) -> bool:
        raise RemoteError(peer="governance", kind=kind, code="SRV_001", message="Not now.", facts={})

    return judge
