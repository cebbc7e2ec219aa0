"""Passkeys with the `webauthn` library. User verification is always required, so that a passkey counts as two factors."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    decode_credential_public_key,
    generate_challenge,
    parse_authentication_credential_json,
    parse_registration_credential_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.decode_credential_public_key import DecodedRSAPublicKey
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from identity.application.ports.passkeys import AnsweringCredential, NewCredential
from identity.domain.errors import PasskeyRefused
from identity.domain.passkey import Assertion

_NAME: Final = "Elcorp Namibia"
# In order of preference. The TPM behind Windows Hello signs with RS256.
_ALGORITHMS: Final = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
# Sizes that authenticators use (NIST SP 800-57: 2048 bits at least). A larger key or exponent only slows down each sign-in.
_RSA_BITS: Final = range(2048, 4097)
_RSA_EXPONENT: Final = 65_537
# The errors that a hostile answer can cause in the library's parsers (JSON, CBOR, COSE, keys).
_MALFORMED: Final = (WebAuthnException, ValueError, KeyError, TypeError, IndexError, AttributeError)


class LibraryWebAuthn:
    def __init__(self, *, rp_id: str, origins: Sequence[str]) -> None:
        self._rp_id = rp_id
        self._origins = list(origins)

    def new_challenge(self) -> bytes:
        return generate_challenge()

    def registration_options(self, challenge: bytes, user_id: UUID, account: str, known: Sequence[bytes]) -> Mapping[str, Any]:
        options = generate_registration_options(
            rp_id=self._rp_id,
            rp_name=_NAME,
            user_name=account,
            user_id=user_id.bytes,
            challenge=challenge,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=credential_id) for credential_id in known],
            supported_pub_key_algs=_ALGORITHMS,
        )
        written: dict[str, Any] = json.loads(options_to_json(options))
        return written

    def sign_in_options(self, challenge: bytes, allowed: Sequence[bytes]) -> Mapping[str, Any]:
        options = generate_authentication_options(
            rp_id=self._rp_id,
            challenge=challenge,
            allow_credentials=[PublicKeyCredentialDescriptor(id=credential_id) for credential_id in allowed],
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        written: dict[str, Any] = json.loads(options_to_json(options))
        return written

    def verify_registration(self, challenge: bytes, credential: Mapping[str, Any]) -> NewCredential:
        try:
            verified = verify_registration_response(
                credential=parse_registration_credential_json(dict(credential)),
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origins,
                require_user_verification=True,
                supported_pub_key_algs=_ALGORITHMS,
            )
            _require_sound_key(verified.credential_public_key)
        except _MALFORMED as error:
            raise PasskeyRefused(problem=type(error).__name__) from None
        return NewCredential(
            credential_id=verified.credential_id,
            public_key=verified.credential_public_key,
            sign_count=verified.sign_count,
            backup_eligible=verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
            backed_up=verified.credential_backed_up,
        )

    def answering(self, credential: Mapping[str, Any]) -> AnsweringCredential:
        try:
            parsed = parse_authentication_credential_json(dict(credential))
        except _MALFORMED as error:
            raise PasskeyRefused(problem=type(error).__name__) from None
        return AnsweringCredential(parsed.raw_id, parsed.response.user_handle)

    def verify_signature(self, challenge: bytes, credential: Mapping[str, Any], public_key: bytes) -> Assertion:
        try:
            verified = verify_authentication_response(
                credential=parse_authentication_credential_json(dict(credential)),
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origins,
                credential_public_key=public_key,
                # Zero disables the library's check: the passkey checks the counter under its lock and stores it.
                credential_current_sign_count=0,
                require_user_verification=True,
            )
        except _MALFORMED as error:
            raise PasskeyRefused(problem=type(error).__name__) from None
        eligible = verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE
        return Assertion(verified.new_sign_count, backup_eligible=eligible, backed_up=verified.credential_backed_up)


def _require_sound_key(public_key: bytes) -> None:
    key = decode_credential_public_key(public_key)
    if isinstance(key, DecodedRSAPublicKey):
        bits, exponent = int.from_bytes(key.n, "big").bit_length(), int.from_bytes(key.e, "big")
        if bits not in _RSA_BITS or exponent != _RSA_EXPONENT:
            raise PasskeyRefused(problem=f"RSA key of {bits} bits")
