"""What could not be read or written is named."""

from __future__ import annotations

from classifier.terminal import told


def test_what_could_not_be_written_is_named() -> None:
    assert told(OSError(28, "No space left on device")) == "the output: No space left on device"
    assert told(OSError(13, "Permission denied", "a.csv"), "DIR") == "a.csv: Permission denied"
    assert told(OSError("of a library")) == "the output: of a library"
