"""The signatures of devices, verified by chassis, so that payments verifies them the same way."""

from chassis.crypto import is_device_key, verify_device_signature
from identity.domain.device_key import KeyAlgorithm


class VerifiedSignatures:
    def is_key(self, algorithm: KeyAlgorithm, public_key: bytes) -> bool:
        return is_device_key(algorithm.value, public_key)

    def verify(self, algorithm: KeyAlgorithm, public_key: bytes, signature: bytes, message: bytes) -> bool:
        return verify_device_signature(algorithm.value, public_key, signature, message)
