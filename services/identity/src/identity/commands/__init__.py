"""The commands of identity: `python -m identity <command>`."""

from identity.commands.master_key import ROTATE_MASTER_KEY
from identity.commands.recovery import CONFIRM_RECOVERY
from identity.commands.signing_keys import ROTATE_KEYS
from identity.commands.users import CREATE_ADMIN, FOLDED_EMAILS, UNFOLD_EMAIL, UNLOCK

COMMANDS = {
    "rotate-keys": ROTATE_KEYS,
    "unlock": UNLOCK,
    "folded-emails": FOLDED_EMAILS,
    "unfold-email": UNFOLD_EMAIL,
    "confirm-recovery": CONFIRM_RECOVERY,
    "rotate-master-key": ROTATE_MASTER_KEY,
    "create-admin": CREATE_ADMIN,
}
