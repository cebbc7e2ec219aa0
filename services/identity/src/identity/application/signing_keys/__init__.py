"""Signing keys: the table of contents."""

from dataclasses import dataclass

from identity.application.signing_keys.ensure_signing_keys import EnsureSigningKeys
from identity.application.signing_keys.rotate_signing_keys import RotateSigningKeys


@dataclass(frozen=True, slots=True)
class Keys:
    ensure_signing_keys: EnsureSigningKeys
    rotate_signing_keys: RotateSigningKeys
