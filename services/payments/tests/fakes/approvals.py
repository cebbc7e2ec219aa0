"""Judges of approval rules that do not answer."""

from collections.abc import Callable

from chassis.rpc import RemoteError
from kernel.errors import Kind, Unavailable
from payments.domain.approval import ApprovalQuestion


def unavailable(_question: ApprovalQuestion) -> bool:
    """Judge as rules do that are too old to tell."""
    raise Unavailable(dependency="governance")


def unable(kind: Kind) -> Callable[[ApprovalQuestion], bool]:
    """Make a judge that fails as a peer does that answers with an error of this kind."""

    def judge(_question: ApprovalQuestion) -> bool:
        raise RemoteError(peer="governance", kind=kind, code="SRV_001", message="Not now.", facts={})

    return judge
