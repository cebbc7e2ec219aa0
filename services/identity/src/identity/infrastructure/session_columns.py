"""How a session's earlier proofs are kept: a JSON list of {"methods", "at", "passkey_id"}, oldest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from identity.domain.proof import Proof


class ProofColumn(TypeDecorator[tuple[Proof, ...]]):
    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: Sequence[Proof] | None, dialect: Dialect) -> list[dict[str, Any]]:  # noqa: ARG002  # SQLAlchemy's
        return [
            {
                "methods": list(proof.methods),
                "at": proof.at.isoformat(),
                "passkey_id": str(proof.passkey_id) if proof.passkey_id else None,
            }
            for proof in value or ()
        ]

    def process_result_value(self, value: list[dict[str, Any]] | None, dialect: Dialect) -> tuple[Proof, ...]:  # noqa: ARG002  # SQLAlchemy's
        return tuple(
            Proof(
                tuple(kept["methods"]),
                datetime.fromisoformat(kept["at"]),
                UUID(kept["passkey_id"]) if kept["passkey_id"] else None,
            )
            for kept in value or ()
        )
