"""All events: every message of the protos with the event option."""

import importlib
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.message_factory import GetMessageClass

import elcorp
from chassis.messaging.contracts import EventSpec, spec_of
from elcorp.options.v1 import options_pb2


def all_specs() -> Iterator[EventSpec]:
    """Read the contract of every event."""
    # Search files: pkgutil does not walk into namespace packages.
    for root in map(Path, elcorp.__path__):
        for file in sorted(root.glob("*/v*/events_pb2.py")):
            module = importlib.import_module(".".join(("elcorp", *file.relative_to(root).with_suffix("").parts)))
            for message in module.DESCRIPTOR.message_types_by_name.values():
                if message.GetOptions().HasExtension(options_pb2.event):
                    yield spec_of(GetMessageClass(message))
