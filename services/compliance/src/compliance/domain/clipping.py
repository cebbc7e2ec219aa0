"""Cut long texts to the size limits of a leaf. A digest in their place commits to the whole text."""

from collections.abc import Sequence
from hashlib import sha256
from json import JSONEncoder

# This writes RFC 8785 if all values are texts, lists of texts or null.
CANONICAL_JSON = JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)

# The most bytes of JSON that one character takes ("\u0000"), so that the length alone shows that most texts fit.
_CHARACTER_BYTES_MAX = 6
_KEPT_CHARACTERS = 100


def clip(text: str, bytes_max: int) -> str:
    """Return the text if its JSON has at most `bytes_max` bytes (800 or more), else its beginning and digest."""
    if _fits(text, bytes_max):
        return text
    return f"{text[:_KEPT_CHARACTERS]}… ({_commitment(text.encode())})"


def clip_all(texts: Sequence[str], *, each_bytes_max: int, bytes_max: int) -> tuple[str, ...]:
    """Return the clipped texts. If their JSON has over `bytes_max` bytes in all, return the first and a digest of all."""
    clipped = tuple([clip(text, each_bytes_max) for text in texts])
    if sum(map(len, clipped)) * _CHARACTER_BYTES_MAX + 3 * len(clipped) + 2 <= bytes_max:
        return clipped
    written = [_size(text) + 1 for text in clipped]
    if sum(written) + 1 <= bytes_max:
        return clipped
    last = f"… (of {len(texts)}: {_commitment(CANONICAL_JSON.encode(texts).encode())})"
    left = bytes_max - _size(last) - 2
    kept = 0
    while written[kept] <= left:
        left -= written[kept]
        kept += 1
    return (*clipped[:kept], last)


def clip_state(state: str | None, bytes_max: int) -> str | None:
    """Return the JSON text if it fits, else a JSON object with its size and SHA-256."""
    if state is None or _fits(state, bytes_max):
        return state
    whole = state.encode()
    return CANONICAL_JSON.encode({"bytes": str(len(whole)), "sha256": sha256(whole).hexdigest()})


def _fits(text: str, bytes_max: int) -> bool:
    return len(text) * _CHARACTER_BYTES_MAX + 2 <= bytes_max or _size(text) <= bytes_max


def _size(text: str) -> int:
    return len(CANONICAL_JSON.encode(text).encode())


def _commitment(whole: bytes) -> str:
    return f"{len(whole)} bytes, sha256 {sha256(whole).hexdigest()}"
