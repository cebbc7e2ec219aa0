"""A checkpoint as it was announced, and what the earlier ones say of it."""

import base64
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from chassis.persistence.delivery import Delivery
from elcorp.compliance.v1 import events_pb2
from kernel.errors import InvalidValue

HASH_BYTES: Final = 32
NOTE_CHARACTERS_MAX: Final = 20_000
# Eight minutes of checkpoints at two a second: a relay that starts again repeats fewer.
RECENT_MAX: Final = 1_000


# How much the clocks of two nodes may differ.
CLOCKS_APART_MAX: Final = timedelta(minutes=5)


class NotCheckpoint(InvalidValue):
    """The announcement is not a checkpoint with its note."""


@dataclass(frozen=True, slots=True)
class Received:
    """A checkpoint and its note. The signature is not verified here."""

    origin: str
    size: int
    root_hash: bytes
    note: str
    signed_at: datetime


def read(delivery: Delivery[events_pb2.CheckpointSigned], *, now: datetime) -> Received:
    """Return the announced checkpoint.

    Raises NotCheckpoint, unless the note is of the announced origin, size and root, and its time is not ahead: every later
    checkpoint would count as older.
    """
    event = delivery.message
    received = Received(event.origin, event.tree_size, event.root_hash, event.note, delivery.occurred_at)
    signed = f"{event.origin}\n{event.tree_size}\n{base64.b64encode(event.root_hash).decode()}\n"
    # Extension lines may follow, then an empty line, then signatures: C2SP tlog-checkpoint and signed-note.
    is_note = (
        event.note.startswith(signed)
        and f"\n\n\u2014 {event.origin} " in event.note
        and event.note.endswith("\n")
        and len(event.note) <= NOTE_CHARACTERS_MAX
        and "\0" not in event.note
    )
    has_name = bool(event.origin) and event.origin.split() == [event.origin]
    if not (is_note and has_name and event.tree_size > 0 and len(event.root_hash) == HASH_BYTES):
        raise NotCheckpoint(reason="the note is not of the announced checkpoint")
    if received.signed_at > now + CLOCKS_APART_MAX:
        raise NotCheckpoint(reason=f"it was announced for the future, {received.signed_at.isoformat()}")
    return received


class Verdict(Enum):
    NEW = "new"
    REPEATED = "repeated"
    OTHER_ORIGIN = "other_origin"
    # The log was set back: the checkpoint was signed later than a larger one.
    SMALLER = "smaller"
    # The log was rewritten: one size has two roots.
    OTHER_ROOT = "other_root"

    @property
    def is_contradiction(self) -> bool:
        return self in {Verdict.SMALLER, Verdict.OTHER_ROOT}


class Recollection:
    """The newest checkpoint, and the last ones before it.

    The origin of the first checkpoint is trusted; checkpoints of others are refused.
    """

    def __init__(self, newest: Received | None) -> None:
        self.newest = newest
        self._recent: OrderedDict[int, Received] = OrderedDict()
        if newest:
            self._recent[newest.size] = newest

    def judge(self, received: Received) -> tuple[Verdict, Received | None]:
        """Compare a checkpoint with the earlier ones, and remember it. Return the earlier one that it contradicts, too."""
        newest = self.newest
        if newest and received.origin != newest.origin:
            return Verdict.OTHER_ORIGIN, newest
        known = self._recent.get(received.size)
        if known:
            return (Verdict.REPEATED, None) if known.root_hash == received.root_hash else (Verdict.OTHER_ROOT, known)
        if newest and received.size < newest.size:
            # An announcement that the relay repeats is older than the newest checkpoint.
            return (Verdict.REPEATED, None) if received.signed_at <= newest.signed_at else (Verdict.SMALLER, newest)
        self.newest = received
        self._recent[received.size] = received
        if len(self._recent) > RECENT_MAX:
            self._recent.popitem(last=False)
        return Verdict.NEW, None
