"""The messages of the events that compliance publishes."""

from chassis.messaging.contracts import Publications
from chassis.messaging.erasures import acknowledged_by
from compliance.domain.events import CheckpointSigned
from elcorp.compliance.v1 import events_pb2
from kernel.erasures import ErasureAcknowledged


def checkpoint_signed(event: CheckpointSigned) -> events_pb2.CheckpointSigned:
    return events_pb2.CheckpointSigned(origin=event.origin, tree_size=event.tree_size, root_hash=event.root_hash, note=event.note)


PUBLICATIONS = Publications(
    "compliance",
    {CheckpointSigned: checkpoint_signed, ErasureAcknowledged: acknowledged_by(events_pb2.ErasureAcknowledged)},
)
