"""What can be wrong with a model, in words for the user."""

from __future__ import annotations


class ModelError(Exception):
    """A model file that can't be used; the message says why and what to do."""
