"""What files that can't be read or written are called, for the user."""

from __future__ import annotations


def told(error: OSError, otherwise: object = "the output") -> str:
    """Say on one line what could not be read or written, and why.

    Args:
        error: what the system said.
        otherwise: what it was where the error names no file: writing does not, only opening does.
    """
    return f"{error.filename or otherwise}: {error.strerror or error}"
