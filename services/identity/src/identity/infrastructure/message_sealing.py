"""Sealing of messages' content: under the recipient's key if there is one, else under the service's."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from chassis.crypto import field_context
from identity.domain.message import Channel, Template
from identity.infrastructure.vault import Vault


@dataclass(frozen=True, slots=True)
class UnsealedMessage:
    to: str
    facts: dict[str, str | int]


def seal(vault: Vault, message_id: UUID, user_id: UUID, wrapped: bytes | None, to: str, facts: Mapping[str, str | int]) -> bytes:
    content = json.dumps({"to": to, "facts": dict(facts)}).encode()
    return vault.sealer_of(user_id, wrapped).seal(content, _context(message_id))


def unseal(vault: Vault, message_id: UUID, user_id: UUID, wrapped: bytes | None, sealed: bytes) -> UnsealedMessage:
    """Open a message's content. Raise UnsealableError if it was moved or damaged."""
    content = json.loads(vault.sealer_of(user_id, wrapped).open(sealed, _context(message_id)))
    return UnsealedMessage(content["to"], content["facts"])


def recipient_index(vault: Vault, template: Template, to: str) -> bytes:
    return vault.phone_index(to) if template.channel is Channel.SMS else vault.email_index(to)


def _context(message_id: UUID) -> bytes:
    return field_context("messages", "sealed", str(message_id))
