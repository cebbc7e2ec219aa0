"""Add permissions for acts on other users' data. Until now identity and payments checked for role names.

The roles `admin` and `staff` get the permissions that their names implied, whatever other permissions they have now. The
versions of both roles increase, so that an editor must read them again. The previous release compiles the new permissions like
any other and never checks them. The next published bundle contains them, at the latest when this release starts.
"""

from alembic import op
from sqlalchemy import text

revision = "0004"
down_revision = "0003"

PERMISSIONS = {
    "user:read_any": "Read the accounts, sessions and devices of others",
    "user:update_any": "Change the account of another, end their sessions, unlock them",
    "user:export_any": "Export all that is held about another",
    "user:erase_any": "Request the erasure of another",
    "wallet:read_any": "Read the wallets, postings and statements of others",
    "transfer:read_any": "Read the transfers, schedules and bulk files of others",
}
STAFF = ("user:read_any", "wallet:read_any", "transfer:read_any")


def upgrade() -> None:
    connection = op.get_bind()
    connection.execute(
        text("INSERT INTO permissions (name, description) VALUES (:name, :description)"),
        [{"name": name, "description": description} for name, description in PERMISSIONS.items()],
    )
    grants = [("admin", name) for name in PERMISSIONS] + [("staff", name) for name in STAFF]
    connection.execute(
        text("INSERT INTO role_permissions (role, permission) VALUES (:role, :permission)"),
        [{"role": role, "permission": permission} for role, permission in grants],
    )
    op.execute("UPDATE roles SET version = version + 1 WHERE name IN ('admin', 'staff')")
