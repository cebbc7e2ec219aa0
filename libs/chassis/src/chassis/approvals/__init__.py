"""Approvals in the service that asks for them: stored, decided and carried out exactly once (ADR 47)."""
