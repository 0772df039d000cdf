"""What can go wrong with the store, said in one line each."""

from __future__ import annotations


class StoreError(Exception):
    """The store cannot do its work. The message is one line for the user and never holds a password."""


class RefusedError(StoreError):
    """One document cannot be stored as it is (too large, or against the schema); the store itself is well."""


class UnavailableError(StoreError):
    """The store cannot do its work now, for a reason that may pass: the same call may be made again later."""
