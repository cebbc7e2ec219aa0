"""Checkpoints: the log's head as a signed note (C2SP tlog-checkpoint and signed-note)."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

_ED25519 = b"\x01"
_KEY_ID_BYTES = 4

Verify = Callable[[bytes, bytes, bytes], bool]
"""Whether (public key, signature, message) go together, by Ed25519."""


class MalformedNote(ValueError):
    """The text is no checkpoint, or no verifier key."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`origin` names the log; `size` leaves have the root `root_hash` (32 bytes)."""

    origin: str
    size: int
    root_hash: bytes

    @property
    def text(self) -> str:
        """The signed part of the note."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root_hash).decode()}\n"

    def sign(self, key: "VerifierKey", sign: Callable[[bytes], bytes]) -> str:
        """Make the whole note, signed by the holder of `key`."""
        signature = base64.b64encode(key.key_id + sign(self.text.encode())).decode()
        return f"{self.text}\n\u2014 {key.name} {signature}\n"

    @classmethod
    def open(cls, note: str, key: "VerifierKey", verify: Verify) -> Self:
        """Read a note that carries a good signature by `key`; raises MalformedNote otherwise."""
        text, separator, signatures = note.partition("\n\n")
        if not separator:
            raise MalformedNote("no signatures")
        text += "\n"
        if not any(key.has_signed(line, text, verify) for line in signatures.splitlines()):
            raise MalformedNote(f"no good signature by {key.name}")
        try:
            origin, size, root, *_ = text.splitlines()
            return cls(origin, int(size), base64.b64decode(root, validate=True))
        except (ValueError, binascii.Error) as error:
            raise MalformedNote("not a checkpoint") from error


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """An Ed25519 key by which others check notes; its text is "<name>+<key id>+<base64 of algorithm and key>"."""

    name: str
    public_key: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a verifier key; raises MalformedNote."""
        try:
            name, key_id, encoded = text.strip().split("+", 2)
            algorithm_and_key = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error) as error:
            raise MalformedNote("not a verifier key") from error
        key = cls(name, algorithm_and_key[1:])
        if algorithm_and_key[:1] != _ED25519 or key.key_id.hex() != key_id:
            raise MalformedNote("the key does not have the id that it claims")
        return key

    @property
    def key_id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public_key).digest()[:_KEY_ID_BYTES]

    @property
    def text(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(_ED25519 + self.public_key).decode()}"

    def has_signed(self, line: str, text: str, verify: Verify) -> bool:
        try:
            dash, name, encoded = line.split(" ")
            signature = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            return False
        if dash != "\u2014" or name != self.name or signature[:_KEY_ID_BYTES] != self.key_id:
            return False
        return verify(self.public_key, signature[_KEY_ID_BYTES:], text.encode())
