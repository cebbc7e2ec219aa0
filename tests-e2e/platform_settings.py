"""Settings of a platform under test."""

from typing import Final

# The limits against password guessing would stop a test's load.
TEST_SETTINGS: Final = {
    "ELCORP_RATE_LIMIT_PER_MINUTE": "1000000",
    "ELCORP_LOGIN_ATTEMPTS_PER_HOUR": "100000",
    # Several tests wait for work that is done every minute.
    "ELCORP_JOB_SECONDS": "6",
}
