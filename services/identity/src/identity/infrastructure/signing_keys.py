"""Creation of signing keys, and the keys that a process holds in memory."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
from sqlalchemy.exc import SQLAlchemyError

from chassis.crypto import SealerRing, field_context
from chassis.crypto.keys import derive
from chassis.telemetry import log
from chassis.waiting import sleep_unless
from identity.application.ports.signing_keys import KeyPair
from identity.domain.signing_key import SigningKey, active_key
from kernel.clock import Clock
from kernel.errors import Unavailable

RELOAD_SECONDS: Final = 15


class SealedKeyMaker:
    """Creates P-256 keys whose private key only the master key opens."""

    def __init__(self, master_key: bytes, *others: bytes) -> None:
        self._sealer = SealerRing(*(derive(key, "signing-keys/v1") for key in (master_key, *others)))

    def make(self, key_id: UUID) -> KeyPair:
        private = generate_private_key(SECP256R1())
        jwk: dict[str, Any] = jwt.algorithms.ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
        public_jwk = {**{name: str(value) for name, value in jwk.items()}, "kid": str(key_id), "use": "sig", "alg": "ES256"}
        der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return KeyPair(public_jwk, self._sealer.seal(der, _context(key_id)))

    def reseal(self, key_id: UUID, sealed_private: bytes) -> bytes | None:
        """Seal a private key with the master key. Return None if it is sealed with it already."""
        return self._sealer.reseal(sealed_private, _context(key_id))

    def open(self, key: SigningKey) -> EllipticCurvePrivateKey:
        """Open a private key. Raise UnsealableError if it was moved, damaged, or sealed by another master key."""
        private = load_der_private_key(self._sealer.open(key.sealed_private, _context(key.id)), password=None)
        if not isinstance(private, EllipticCurvePrivateKey):
            raise TypeError(f"signing key {key.id} is not an elliptic curve key")
        return private


class KeyRing:
    """The keys in memory: one signs, all verify. It is the KeySource of identity's own verifier."""

    def __init__(self, maker: SealedKeyMaker, clock: Clock) -> None:
        self._maker = maker
        self._clock = clock
        self._keys: Sequence[SigningKey] = ()
        self._public: dict[str, EllipticCurvePublicKey] = {}
        self._signing: tuple[str, EllipticCurvePrivateKey] | None = None

    def load(self, keys: Sequence[SigningKey]) -> None:
        """Replace the keys."""
        active = active_key(keys)
        if active and (self._signing is None or self._signing[0] != str(active.id)):
            self._signing = (str(active.id), self._maker.open(active))
        self._public = {str(key.id): _public_key(key) for key in keys}
        self._keys = keys

    @property
    def signing(self) -> tuple[str, EllipticCurvePrivateKey]:
        """Return the id and private key of the key that signs. Raise Unavailable before the first load."""
        if self._signing is None:
            raise Unavailable(dependency="signing keys")
        return self._signing

    async def check(self) -> None:
        """Raise an error while no key signs. For readiness."""
        _ = self.signing

    async def find(self, kid: str) -> EllipticCurvePublicKey | None:
        return self._public.get(kid)

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Return the public keys (RFC 7517): the current one, the next one, and those whose tokens may be unexpired."""
        now = self._clock.now()
        return {"keys": [key.public_jwk for key in self._keys if key.is_published(now)]}


class KeyReloader:
    """Reloads a ring from the database, because another process may have changed the keys."""

    def __init__(self, read: Callable[[], Awaitable[Sequence[SigningKey]]], ring: KeyRing) -> None:
        self._read = read
        self._ring = ring

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await sleep_unless(stop, RELOAD_SECONDS)
            try:
                self._ring.load(await self._read())
            except SQLAlchemyError as error:
                # The loaded keys stay valid: the overlap of a rotation is longer than a missed reload.
                log.warning("signing_keys_not_reloaded", problem=type(error).__name__)


def _public_key(key: SigningKey) -> EllipticCurvePublicKey:
    public = jwt.PyJWK(dict(key.public_jwk), algorithm="ES256").key
    if not isinstance(public, EllipticCurvePublicKey):
        raise TypeError(f"signing key {key.id} is not an elliptic curve key")
    return public


def _context(key_id: UUID) -> bytes:
    return field_context("signing_keys", "sealed_private", str(key_id))
