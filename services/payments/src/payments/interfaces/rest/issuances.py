"""Issuances. Each is stored with its Idempotency-Key, for as long as the issuance itself."""

from fastapi import Response

from chassis.rest import CurrentActor, Envelope, IdempotencyKey, Requires, Router
from kernel.assurance import RECENT
from kernel.money import Money
from payments.interfaces.rest.dependencies import App
from payments.interfaces.rest.schemas.issuances import IssuanceRequest
from payments.interfaces.rest.schemas.transfers import TransferResponse
from payments.interfaces.rest.transfer_answers import settled_answer

issuances = Router(prefix="/issuances", tags=["issuances"], moves_money=True)


@issuances.post("", status_code=201, dependencies=[Requires("treasury:issue")], idempotency="own", assurance=RECENT)
async def issue_money(
    body: IssuanceRequest, key: IdempotencyKey, actor: CurrentActor, app: App, response: Response
) -> Envelope[TransferResponse]:
    """Issue money from the treasury into a wallet."""
    settled = await app.issuances.issue_money(
        actor=actor, key=key, wallet_id=body.wallet_id, amount=Money.of(body.amount, body.currency), reason=body.reason
    )
    return settled_answer(settled, response)
