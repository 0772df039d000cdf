"""What a terminal is told: texts of pages, which are to be read and not obeyed, and what the system refused."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""C0 and C1 controls, marks that reorder text, and line separators that are no line feed."""


def printable(text: str) -> str:
    """Replace what would steer a terminal."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", re.sub(r"[\t\n\r]+", " ", text))


def json_line(value: dict[str, Any], default: Callable[[Any], Any] | None = None) -> str:
    """Write an object as one line of JSON, readable in every script, with controls escaped.

    Args:
        value: the object.
        default: turns what JSON has no type for into what it has.
    """
    line = json.dumps(value, ensure_ascii=False, default=default)
    return _CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", line)


def told(error: OSError, otherwise: object = "the output") -> str:
    """Say on one line what could not be read or written, and why.

    Args:
        error: what the system said.
        otherwise: what it was where the error names no file: writing does not, only opening does.
    """
    return f"{error.filename or otherwise}: {error.strerror or error}"
