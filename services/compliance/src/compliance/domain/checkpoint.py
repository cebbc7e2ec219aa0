"""Checkpoints: the log's head as a signed note (C2SP tlog-checkpoint and signed-note)."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from compliance.domain.merkle import HASH_BYTES

_ED25519 = b"\x01"
_KEY_ID_BYTES = 4
_PUBLIC_KEY_BYTES = 32
# The limit in the implementations of signed-note.
_SIGNATURES_MAX = 100

_SIGNATURE_MARK = "\u2014 "

Verify = Callable[[bytes, bytes, bytes], bool]
"""A function that verifies (public key, signature, message) by Ed25519."""


class MalformedNote(ValueError):
    """The text is not a checkpoint or verifier key."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`origin` names the log, and `root_hash` (32 bytes) is the root of its first `size` leaves."""

    origin: str
    size: int
    root_hash: bytes

    @property
    def text(self) -> str:
        """The signed part of the note."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root_hash).decode()}\n"

    def sign(self, key: "VerifierKey", sign: Callable[[bytes], bytes]) -> str:
        """Return the whole note, signed with the private key of `key`."""
        signature = base64.b64encode(key.key_id + sign(self.text.encode())).decode()
        return f"{self.text}\n\u2014 {key.name} {signature}\n"

    @classmethod
    def open(cls, note: str, key: "VerifierKey", verify: Verify) -> Self:
        """Read a checkpoint of the log of `key`. Raise MalformedNote unless `key` has signed it.

        The note may also have signatures of others, such as witnesses, and extension lines below the root.
        """
        text, separator, signatures = note.rpartition("\n\n")
        if not separator or not signatures.endswith("\n"):
            raise MalformedNote("no signatures")
        text += "\n"
        lines = signatures.removesuffix("\n").split("\n")
        if len(lines) > _SIGNATURES_MAX or not any(key.has_signed(line, text, verify) for line in lines):
            raise MalformedNote(f"no valid signature by {key.name}")
        checkpoint = cls._parse(text)
        if checkpoint.origin != key.name:
            raise MalformedNote(f"the checkpoint is not of the log {key.name}")
        return checkpoint

    @classmethod
    def _parse(cls, text: str) -> Self:
        try:
            # Split at line feeds only: splitlines() would also split at characters that belong to a line for the signer.
            origin, size, root, *_ = text.split("\n")
            checkpoint = cls(origin, int(size), base64.b64decode(root, validate=True))
        except ValueError as error:
            raise MalformedNote("not a checkpoint") from error
        # Compare with the canonical text, so that "+5", "05" and similar texts are refused.
        if checkpoint.size < 0 or len(checkpoint.root_hash) != HASH_BYTES or not text.startswith(checkpoint.text):
            raise MalformedNote("not a checkpoint")
        return checkpoint


def split_notes(text: str) -> list[str]:
    """Split a text of several notes. A note ends with its signature lines; empty lines between notes do not matter."""
    notes: list[str] = []
    lines: list[str] = []
    signed = False
    for line in text.split("\n"):
        is_signature = line.startswith(_SIGNATURE_MARK)
        if signed and not is_signature:
            notes.append("\n".join([*lines, ""]))
            lines.clear()
        if line or lines:
            lines.append(line)
        signed = is_signature
    return [*notes, "\n".join(lines)] if lines else notes


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """An Ed25519 public key that verifies notes. Its text is "<name>+<key id>+<base64 of algorithm and key>"."""

    name: str
    public_key: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a verifier key. Raise MalformedNote if the text is not one."""
        try:
            name, key_id, encoded = text.strip().split("+", 2)
            algorithm_and_key = base64.b64decode(encoded, validate=True)
        except ValueError as error:
            raise MalformedNote("not a verifier key") from error
        key = cls(name, algorithm_and_key[1:])
        if not name or name.split() != [name] or algorithm_and_key[:1] != _ED25519 or len(key.public_key) != _PUBLIC_KEY_BYTES:
            raise MalformedNote("not an Ed25519 verifier key")
        if key.key_id.hex() != key_id:
            raise MalformedNote("the key does not match its id")
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
        except ValueError:
            return False
        if dash != "\u2014" or name != self.name or signature[:_KEY_ID_BYTES] != self.key_id:
            return False
        return verify(self.public_key, signature[_KEY_ID_BYTES:], text.encode())
