"""The schedule of jobs that catch up to now."""

MINUTE_SECONDS = 60


def each(seconds: int) -> str:
    """Return the cron expression for every minute or every `seconds` (procrastinate's sixth field is seconds)."""
    return "* * * * *" if seconds == MINUTE_SECONDS else f"* * * * * */{seconds}"
