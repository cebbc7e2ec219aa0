"""Wallet addresses as text: the UUID, or "elc1…" with a checksum that detects mistyped characters."""

from typing import Final
from uuid import UUID

from kernel import bech32m
from kernel.errors import InvalidValue

PREFIX: Final = "elc"
_BYTES = 16


class InvalidWalletAddress(InvalidValue):
    """The wallet address is not valid; check it for a mistyped or missing character."""


def address_text(address: UUID) -> str:
    """Return the text of an address with its checksum: 36 lower-case characters."""
    return bech32m.encode(PREFIX, address.bytes)


def read_address(text: str, *, field: str = "address") -> UUID:
    """Parse an address in either form; raises InvalidWalletAddress, which names the field."""
    stripped = text.strip()
    # Python accepts digits of all scripts, and lowers a KELVIN SIGN to "k".
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
