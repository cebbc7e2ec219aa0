"""Base of errors that stop this runner: the user sees the message without a traceback."""


class Failure(Exception):
    """An error that the user can fix; the message says how."""
