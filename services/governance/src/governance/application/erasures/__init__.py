"""Use cases for erased users."""

from dataclasses import dataclass

from governance.application.erasures.acknowledge_erasure import AcknowledgeErasure


@dataclass(frozen=True, slots=True)
class Erasures:
    acknowledge_erasure: AcknowledgeErasure
