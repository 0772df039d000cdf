"""The error of a command that can't do what it was asked."""


class CommandError(Exception):
    """What the user gave can't be used; the message says why and what to do."""
