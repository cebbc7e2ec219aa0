"""Wallet addresses as people write them: the UUID, or "elc1…", which a mistyped character makes invalid."""

from typing import Final
from uuid import UUID

from kernel import bech32m
from kernel.errors import InvalidValue

PREFIX: Final = "elc"
_BYTES = 16


class InvalidWalletAddress(InvalidValue):
    """Not a wallet address: look for a mistyped or missing character."""


def address_text(address: UUID) -> str:
    """Write an address with its checksum: 36 characters, lower case."""
    return bech32m.encode(PREFIX, address.bytes)


def read_address(text: str, *, field: str = "address") -> UUID:
    """Read an address from either form; raises InvalidWalletAddress, which names the field."""
    stripped = text.strip()
    # Python reads digits of all scripts, and a KELVIN SIGN as a "k".
    if not stripped.isascii():
        raise InvalidWalletAddress(field=field)
    try:
        if not stripped.lower().startswith(f"{PREFIX}1"):
            return UUID(stripped)
        prefix, data = bech32m.decode(stripped)
    except ValueError:
        raise InvalidWalletAddress(field=field) from None
    if prefix != PREFIX or len(data) != _BYTES:
        raise InvalidWalletAddress(field=field)
    return UUID(bytes=data)
