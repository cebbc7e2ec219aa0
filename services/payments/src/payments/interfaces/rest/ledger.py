"""The ledger's trial balance, for staff."""

from chassis.rest import Envelope, Requires, Router, envelope
from kernel.reads import NOBODY
from payments.interfaces.rest.dependencies import App
from payments.interfaces.rest.schemas.ledger import TrialBalanceLineResponse, TrialBalanceResponse

ledger = Router(prefix="/ledger", tags=["ledger"], moves_money=True)


@ledger.get("/trial-balance", dependencies=[Requires("payment:reconcile")], reads=NOBODY)
async def get_trial_balance(app: App) -> Envelope[TrialBalanceResponse]:
    """Get the balances per currency: each system account, and all wallets as one sum. Every total is zero."""
    balances = await app.ledger.get_trial_balance()
    return envelope(TrialBalanceResponse(items=[TrialBalanceLineResponse.of(balance) for balance in balances]))
