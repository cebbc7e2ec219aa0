"""Ask identity whether the parties of a waiting transfer may act now, before its money moves."""

from uuid import UUID

from payments.application.ports.payer_rights import Standings
from payments.application.transfers.views import TransferViews
from payments.domain.errors import PayeeBarred
from payments.domain.standing import Standing


async def require_standing(views: TransferViews, standings: Standings, *, user_id: UUID, transfer_id: UUID) -> None:
    """Raise PayeeBarred if the receiver may not act, PayerSuspended or PayerClosed if the user may not. One call to identity."""
    payee_id = await views.payee_of(transfer_id)
    found = await standings.standings({user_id, payee_id or user_id})
    if payee_id and found[payee_id] is not Standing.ACTIVE:
        raise PayeeBarred(transfer_id=transfer_id)
    if refusal := found[user_id].refusal:
        raise refusal
