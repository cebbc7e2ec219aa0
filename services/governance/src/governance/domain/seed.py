"""The initial roles and permissions of the platform (seed, "Roles & Permissions").

Migration 0001 writes them. After that they are data: change them in a new migration, never here.
"""

from typing import Final

DEFAULT_ROLE: Final = "user"

# `treasury:issue` is our addition: issuing money against the system account is not a payment that staff may approve.
PERMISSIONS: Final = {
    "user:create": "Create a user",
    "user:read": "Read a user",
    "user:update": "Change a user",
    "user:delete": "Delete a user",
    "payment:create": "Make a payment",
    "payment:approve": "Approve a payment",
    "payment:reconcile": "Reconcile payments",
    "role:manage": "Grant and revoke roles, and change what they permit",
    "policy:manage": "Read and change policies",
    "audit:view": "Read the audit trail",
    "audit:export": "Export the audit trail",
    "report:generate": "Generate regulatory reports",
    "treasury:issue": "Issue money against the treasury",
}

ROLES: Final = {
    "admin": ("Administrator", tuple(PERMISSIONS)),
    "staff": ("Staff", ("user:read", "payment:create", "payment:approve", "audit:view")),
    "user": ("User", ("user:read", "payment:create")),
    "guest": ("Guest", ()),
}
