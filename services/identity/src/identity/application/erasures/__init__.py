"""The use cases of erasures."""

from dataclasses import dataclass

from identity.application.erasures.acknowledge_erasure import AcknowledgeErasure
from identity.application.erasures.get_erasure import GetErasure
from identity.application.erasures.list_receipt_keys import ListReceiptKeys
from identity.application.erasures.request_user_erasure import RequestUserErasure


@dataclass(frozen=True, slots=True)
class Erasures:
    acknowledge_erasure: AcknowledgeErasure
    get_erasure: GetErasure
    list_receipt_keys: ListReceiptKeys
    request_user_erasure: RequestUserErasure
