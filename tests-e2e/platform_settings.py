"""Settings of a platform under test."""

from typing import Final

# The limits that protect people from guessing would stop the load of a test.
TEST_SETTINGS: Final = {
    "ELCORP_RATE_LIMIT_PER_MINUTE": "1000000",
    "ELCORP_LOGIN_ATTEMPTS_PER_HOUR": "100000",
    # What is done each minute is waited for in several tests.
    "ELCORP_JOB_SECONDS": "6",
}
