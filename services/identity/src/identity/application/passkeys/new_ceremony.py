from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class NewCeremony:
    """`options` is what the browser's `navigator.credentials` takes as `publicKey`, in its JSON form."""

    ceremony_id: UUID
    options: Mapping[str, Any]
