"""Settings that tests share, because creating them reads the environment, which takes 25 ms."""

from decimal import Decimal
from typing import Final

from pydantic import SecretStr

from chassis.business_time.namibia import namibian_calendar
from payments.settings import PaymentsSettings

# The key that decisions are signed with is derived from it.
APPROVAL_KEY: Final = SecretStr("cGF5bWVudHMtdGVzdC1tYXN0ZXIta2V5LTMyLWJ5dGU=")
SETTINGS: Final = PaymentsSettings(approval_key=APPROVAL_KEY)
CALENDAR: Final = namibian_calendar({})
STRICT_SETTINGS: Final = PaymentsSettings(
    approval_key=APPROVAL_KEY,
    signature_required_above={"NAD": Decimal(5000)},
    strong_sign_in_above={"NAD": Decimal(2000)},
)
