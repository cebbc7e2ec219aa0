"""How often jobs that catch up to now are run."""

MINUTE_SECONDS = 60


def each(seconds: int) -> str:
    """Return the cron expression (procrastinate's, whose sixth field is seconds) for a minute or a part of it."""
    return "* * * * *" if seconds == MINUTE_SECONDS else f"* * * * * */{seconds}"
