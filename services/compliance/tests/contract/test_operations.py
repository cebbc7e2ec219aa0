"""Rules for all operations."""

import json

from services.compliance.tests.contract.api import Api


async def test_every_operation_is_described(api: Api) -> None:
    document = (await api.client.get("/openapi.json")).json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]

    assert sorted(operation["operationId"] for operation in operations) == [
        "export_audit_entries",
        "get_audit_entry",
        "get_audit_trail",
        "get_checkpoint",
        "get_consistency_proof",
        "get_inclusion_proof",
        "get_log_key",
        "lift_screening_block",
        "list_audit_entries",
        "list_audit_producers",
        "list_missing_facts",
        "list_policy_decisions",
        "list_screening_blocks",
        "place_screening_block",
    ]
    assert all(operation["description"] for operation in operations)
    assert json.dumps(document)
