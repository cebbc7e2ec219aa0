"""Settings that tests share, because creating them reads the environment, which takes 25 ms."""

from decimal import Decimal
from typing import Final

from chassis.business_time.namibia import namibian_calendar
from payments.settings import PaymentsSettings

SETTINGS: Final = PaymentsSettings()
CALENDAR: Final = namibian_calendar({})
STRICT_SETTINGS: Final = PaymentsSettings(
    signature_required_above={"NAD": Decimal(5000)}, strong_sign_in_above={"NAD": Decimal(2000)}
)
