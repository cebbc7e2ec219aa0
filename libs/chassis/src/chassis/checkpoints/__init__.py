"""Checkpoints of the audit log, which every service receives and keeps in its own database.

They are evidence outside of compliance's database: `python -m compliance fsck --checkpoint` compares the log with them.
"""

from typing import Final

# The service that signs checkpoints. It keeps them with the log.
SIGNER: Final = "compliance"
