"""Long texts cut to what a leaf has room for; a digest in their place commits to all that was cut."""

from collections.abc import Sequence
from hashlib import sha256
from json import JSONEncoder

# Of values that are all texts, lists of texts or null this writes RFC 8785.
CANONICAL_JSON = JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)

# A character takes at most so many bytes of JSON ("\u0000"): most texts are seen to fit by their length alone.
_CHARACTER_BYTES_MAX = 6
_KEPT_CHARACTERS = 100


def clip(text: str, bytes_max: int) -> str:
    """Return the text itself when its JSON has at most `bytes_max` bytes (800 or more), else its beginning and digest."""
    if _fits(text, bytes_max):
        return text
    return f"{text[:_KEPT_CHARACTERS]}… ({_commitment(text.encode())})"


def clip_all(texts: Sequence[str], *, each_bytes_max: int, bytes_max: int) -> tuple[str, ...]:
    """Return the texts, each clipped; when their JSON together has over `bytes_max` bytes the first, and a digest of all."""
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
    """Return a JSON text itself when it fits, else a JSON object that tells its size and SHA-256."""
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
