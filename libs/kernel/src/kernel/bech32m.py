"""Bech32m (BIP-350): bytes as text that people can read aloud. The checksum detects up to four wrong characters."""

from collections.abc import Iterable, Sequence
from typing import Final

_ALPHABET: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUES: Final = {character: value for value, character in enumerate(_ALPHABET)}
_GENERATORS: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CONSTANT: Final = 0x2BC830A3
_CHECKSUM_LENGTH: Final = 6
_LENGTH_MAX: Final = 90
_PRINTABLE: Final = range(33, 127)


class NotBech32m(ValueError):
    """The text is not valid bech32m: mistyped, truncated, of mixed case, or in another format."""


def encode(prefix: str, data: bytes) -> str:
    """Encode bytes under a lower-case prefix."""
    values = _regroup(data, 8, 5, pad=True)
    return prefix + "1" + "".join(_ALPHABET[value] for value in (*values, *_checksum(prefix, values)))


def decode(text: str) -> tuple[str, bytes]:
    """Decode prefix and bytes; raises NotBech32m."""
    prefix, values = decode_values(text)
    return prefix, bytes(_regroup(values, 5, 8, pad=False))


def decode_values(text: str) -> tuple[str, Sequence[int]]:
    """Decode prefix and five-bit values without interpreting them; raises NotBech32m."""
    if text.lower() != text and text.upper() != text:
        raise NotBech32m("mixed case")
    lowered = text.lower()
    prefix, separator, rest = lowered.rpartition("1")
    if not prefix or not separator or len(rest) < _CHECKSUM_LENGTH or len(text) > _LENGTH_MAX:
        raise NotBech32m("parts")
    if any(ord(character) not in _PRINTABLE for character in prefix) or not _VALUES.keys() >= set(rest):
        raise NotBech32m("characters")
    values = [_VALUES[character] for character in rest]
    if _polymod((*_expanded(prefix), *values)) != _CONSTANT:
        raise NotBech32m("checksum")
    return prefix, values[:-_CHECKSUM_LENGTH]


def _checksum(prefix: str, values: Sequence[int]) -> list[int]:
    total = _polymod((*_expanded(prefix), *values, *[0] * _CHECKSUM_LENGTH)) ^ _CONSTANT
    return [(total >> 5 * (_CHECKSUM_LENGTH - 1 - place)) & 31 for place in range(_CHECKSUM_LENGTH)]


def _polymod(values: Iterable[int]) -> int:
    total = 1
    for value in values:
        top = total >> 25
        total = (total & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(_GENERATORS):
            total ^= generator if (top >> place) & 1 else 0
    return total


def _expanded(prefix: str) -> tuple[int, ...]:
    codes = prefix.encode()
    return (*(code >> 5 for code in codes), 0, *(code & 31 for code in codes))


def _regroup(values: Iterable[int], width: int, new_width: int, *, pad: bool) -> list[int]:
    """Regroup bits into another width; raises NotBech32m if the bits left over are not padding."""
    held, bits, groups = 0, 0, []
    for value in values:
        held, bits = held << width | value, bits + width
        while bits >= new_width:
            bits -= new_width
            groups.append(held >> bits & ((1 << new_width) - 1))
        held &= (1 << bits) - 1
    if pad and bits:
        groups.append(held << (new_width - bits))
    elif not pad and (bits >= width or held):
        raise NotBech32m("padding")
    return groups
