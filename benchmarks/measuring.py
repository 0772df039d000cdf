"""The process in which one extractor is measured: samples come in as lines of JSON, answers go out as lines of JSON.

Started by benchmarks.extractors as ``python -m benchmarks.measuring NAME``. It imports that extractor and next to
nothing else, so that the most memory it ever has is the extractor's.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from w3lib.encoding import html_to_unicode

from benchmarks.peers import PEERS, Extract, Input

_LABEL: Final = re.compile(rb' data-block-label="[a-z]+"')
_PEAK: Final = re.compile(r"VmHWM:\s+(\d+) kB")


@dataclass(frozen=True, slots=True)
class Sample:
    """A page to measure on.

    Attributes:
        page: its id, ``SET/KEY``.
        file: the page, gzipped or not; labels in it are taken out.
        url: its address, where it is known.
        language: its ISO 639-1 code.
        model: the model file that answers it for this project; None for the shipped one.
    """

    page: str
    file: str
    url: str | None
    language: str
    model: str | None

    def read(self) -> Input:
        """Read the page."""
        content = Path(self.file).read_bytes()
        html = _LABEL.sub(b"", gzip.decompress(content) if self.file.endswith(".gz") else content)
        return Input(html, html_to_unicode(None, html)[1], self.url, self.language)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an extractor answered for a page.

    Attributes:
        page: its id.
        text: the text; empty where the extractor failed.
        seconds: of processor time.
        error: the exception that the extractor raised; empty where it raised none.
        peak: the most memory that the process had until then (MB).
    """

    page: str
    text: str
    seconds: float
    error: str
    peak: float


def main() -> None:
    """Answer the samples that come in."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    # What extractors print is no answer.
    out, sys.stdout = sys.stdout, sys.stderr
    extract: Extract | None = None
    model: str | None = None
    for line in sys.stdin:
        sample = Sample(**json.loads(line))
        page = sample.read()
        if extract is None or sample.model != model:
            model = sample.model
            extract = PEERS[sys.argv[1]].load(Path(model) if model else None)
            # The first call reads stop words, compiles expressions and the like.
            ask(extract, page)
        text, seconds, error = ask(extract, page)
        print(json.dumps(asdict(Answer(sample.page, text, seconds, error, _peak()))), file=out, flush=True)


def ask(extract: Extract, page: Input) -> tuple[str, float, str]:
    """Ask an extractor for the text of a page.

    Returns:
        The text, the seconds of processor time, and the exception that it raised, if any.
    """
    begin = time.process_time()
    try:
        text = extract(page)
    except Exception as error:  # what other people's code raises on hostile pages is a result, not an error of ours
        return "", time.process_time() - begin, f"{type(error).__name__}: {error}"
    return text, time.process_time() - begin, ""


def _peak() -> float:
    status = Path("/proc/self/status")
    found = _PEAK.search(status.read_text()) if status.exists() else None
    return int(found[1]) / 1000 if found else float("nan")


if __name__ == "__main__":
    main()
