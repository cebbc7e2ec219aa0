"""The messages of the events that compliance publishes."""

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.messaging.contracts import Publications
from compliance.domain.events import CheckpointSigned, ErasureAcknowledged
from elcorp.compliance.v1 import events_pb2


def checkpoint_signed(event: CheckpointSigned) -> events_pb2.CheckpointSigned:
    return events_pb2.CheckpointSigned(origin=event.origin, tree_size=event.tree_size, root_hash=event.root_hash, note=event.note)


def erasure_acknowledged(event: ErasureAcknowledged) -> events_pb2.ErasureAcknowledged:
    until = Timestamp()
    if event.retain_until:
        until.FromDatetime(event.retain_until)
    return events_pb2.ErasureAcknowledged(
        erasure_id=str(event.erasure_id),
        user_id=str(event.user_id),
        kept=event.kept,
        retain_until=until if event.retain_until else None,
    )


PUBLICATIONS = Publications("compliance", {CheckpointSigned: checkpoint_signed, ErasureAcknowledged: erasure_acknowledged})
