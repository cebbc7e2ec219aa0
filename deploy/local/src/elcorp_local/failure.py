"""The one base of what this runner cannot go on from: shown to the user as its message, without a traceback."""


class Failure(Exception):
    """Something that the user can do something about; the message says what."""
