"""The ledger as a whole, for staff: whether it adds up."""

from chassis.rest import Envelope, Requires, Router, envelope
from kernel.reads import NOBODY
from payments.interfaces.rest.dependencies import App
from payments.interfaces.rest.schemas.ledger import TrialBalanceLineResponse, TrialBalanceResponse

ledger = Router(prefix="/ledger", tags=["ledger"], moves_money=True)


@ledger.get("/trial-balance", dependencies=[Requires("payment:reconcile")], reads=NOBODY)
async def get_trial_balance(app: App) -> Envelope[TrialBalanceResponse]:
    """Sum all accounts by currency, each of the system's own and all wallets together; every total is zero."""
    balances = await app.ledger.get_trial_balance()
    return envelope(TrialBalanceResponse(items=[TrialBalanceLineResponse.of(balance) for balance in balances]))
