"""Erasures."""

from identity.application.erasures import Erasures
from identity.application.erasures.acknowledge_erasure import AcknowledgeErasure
from identity.application.erasures.get_erasure import GetErasure
from identity.application.erasures.list_receipt_keys import ListReceiptKeys
from identity.application.erasures.request_user_erasure import RequestUserErasure
from identity.wiring.dependencies import Dependencies


def erasures(given: Dependencies) -> Erasures:
    return Erasures(
        acknowledge_erasure=AcknowledgeErasure(uow=given.uow, clock=given.clock),
        get_erasure=GetErasure(views=given.views.erasures),
        list_receipt_keys=ListReceiptKeys(views=given.views.erasures),
        request_user_erasure=RequestUserErasure(
            uow=given.uow,
            roles=given.roles,
            permissions=given.permissions,
            authority=given.authority,
            end_sessions=given.end_sessions,
            clock=given.clock,
        ),
    )
