"""Signing keys: the table of contents."""

from dataclasses import dataclass

from identity.application.signing_keys.ensure_signing_keys import EnsureSigningKeys
from identity.application.signing_keys.list_signing_keys import ListSigningKeys
from identity.application.signing_keys.rotate_signing_keys import RotateSigningKeys


@dataclass(frozen=True, slots=True)
class SigningKeys:
    list_signing_keys: ListSigningKeys
    ensure_signing_keys: EnsureSigningKeys
    rotate_signing_keys: RotateSigningKeys
