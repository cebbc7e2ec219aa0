"""A signer of the log with a key that is not in a database."""

from chassis.crypto import SigningKey
from compliance.domain.checkpoint import VerifierKey

ORIGIN = "elcorp.na/audit"


class Signer:
    """Holds a signing key of its own."""

    def __init__(self, origin: str = ORIGIN) -> None:
        self._signing = SigningKey.generate()
        self.key = VerifierKey(origin, self._signing.public_bytes)
        self.sign = self._signing.sign
