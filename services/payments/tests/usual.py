"""Settings that tests share, because creating them reads the environment, which takes 25 ms."""

from decimal import Decimal
from typing import Final

from payments.settings import PaymentsSettings

SETTINGS: Final = PaymentsSettings()
STRICT_SETTINGS: Final = PaymentsSettings(
    signature_required_above={"NAD": Decimal(5000)}, strong_sign_in_above={"NAD": Decimal(2000)}
)
