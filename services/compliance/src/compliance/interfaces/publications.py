"""The events that compliance announces, and their messages."""

from chassis.messaging.contracts import Publications
from compliance.domain.events import CheckpointSigned
from elcorp.compliance.v1 import events_pb2


def checkpoint_signed(event: CheckpointSigned) -> events_pb2.CheckpointSigned:
    return events_pb2.CheckpointSigned(origin=event.origin, tree_size=event.tree_size, root_hash=event.root_hash, note=event.note)


PUBLICATIONS = Publications("compliance", {CheckpointSigned: checkpoint_signed})
