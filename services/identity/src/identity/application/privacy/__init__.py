"""What users may ask about the data that is held about them: the table of contents."""

from dataclasses import dataclass

from identity.application.privacy.acknowledge_erasure import AcknowledgeErasure
from identity.application.privacy.export_data import ExportData
from identity.application.privacy.read_erasure import GetErasure
from identity.application.privacy.request_erasure import RequestErasure


@dataclass(frozen=True, slots=True)
class Privacy:
    request_erasure: RequestErasure
    acknowledge_erasure: AcknowledgeErasure
    get_erasure: GetErasure
    export_data: ExportData
