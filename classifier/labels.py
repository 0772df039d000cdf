"""The five labels that a block can have."""

from typing import Final

LABELS: Final = ("article", "ad", "disclaimer", "teaser", "other")
"""Every block has one of these; their order is that of the columns of probability matrices."""

BOILERPLATE: Final = "boilerplate"
"""In training data alone: not ``article``, and nobody said which of the other four."""
