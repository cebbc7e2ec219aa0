"""A read of each service that an administrator may make."""

READS = {
    "identity": "/users/me",
    "payments": "/wallets",
    "governance": "/roles",
    "compliance": "/audit/entries?reason=e2e",
}
