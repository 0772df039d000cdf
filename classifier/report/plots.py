"""The report's plots, as SVG that stands in the page."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from scipy.stats import binned_statistic
from sklearn.metrics import average_precision_score, precision_recall_curve

from classifier.evaluation import calibration_error, loss_in_least_confident, pooled
from classifier.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from classifier.evaluation import Answer

COLOURS: Final = dict(zip(LABELS, ("#1a7f4b", "#c0362c", "#a86800", "#2462b8", "#6b7280"), strict=True))
"""A colour for each label, dark enough to be read on white; the report's style sheet has the same."""

_BINS: Final = 10
_MIN_COUNT: Final = 20
"""Bins with fewer blocks than this are left out: their share of right ones is mostly chance."""
_SIZE: Final = (5.2, 4.8)


def plot_reliability(answers: Sequence[Answer]) -> str:
    """Plot how often a label is right (upwards) where it was given some probability (to the right)."""
    truth, probabilities = pooled(answers)
    error = f" (calibration error {calibration_error(answers):.3f})" if len(truth) else ""
    figure, axes = _square(f"Reliability{error}")
    if len(truth) < _MIN_COUNT:
        _say(axes, f"fewer than {_MIN_COUNT} blocks count for the labels")
    axes.plot((0, 1), (0, 1), color="#9ca3af", linestyle="--", linewidth=1)
    for code, (label, colour) in enumerate(COLOURS.items()):
        if truth[:, code].any():
            column = probabilities[:, code]
            pair = (truth[:, code], column)
            right, given = binned_statistic(column, pair, "mean", _BINS, (0, 1)).statistic
            count = binned_statistic(column, column, "count", _BINS, (0, 1)).statistic
            right, given = right[count >= _MIN_COUNT], given[count >= _MIN_COUNT]
            axes.plot(given, right, color=colour, marker="o", markersize=4, linewidth=1.5, label=label)
    axes.set_xlabel("mean probability")
    axes.set_ylabel("share of blocks that have the label")
    _add_legend(figure)
    return _svg(figure, "reliability")


def plot_precision_recall(answers: Sequence[Answer]) -> str:
    """Plot the precision that each label has (upwards) at each recall (to the right)."""
    truth, probabilities = pooled(answers)
    figure, axes = _square("Precision and recall (with average precision)")
    if not len(truth):
        _say(axes, "no block counts for the labels")
    for code, (label, colour) in enumerate(COLOURS.items()):
        if truth[:, code].any():
            column = probabilities[:, code]
            precision, recall, _ = precision_recall_curve(truth[:, code], column, drop_intermediate=True)
            mean = average_precision_score(truth[:, code], column)
            axes.plot(recall, precision, color=colour, linewidth=1.5, label=f"{label} {mean:.3f}")
    axes.set_xlabel("recall")
    axes.set_ylabel("precision")
    _add_legend(figure)
    return _svg(figure, "precision-recall")


def plot_loss(answers: Sequence[Answer]) -> str:
    """Plot how much of all loss is found (upwards) when pages are read in the order of confidence (to the right)."""
    losses = np.array([page.loss for page in sorted(answers, key=lambda page: page.confidence)])
    tenth = loss_in_least_confident(answers)
    # In few pages, the rounded tenth is far more than a tenth.
    worst = int(np.ceil(len(losses) / 10))
    where = "tenth" if len(losses) >= _MIN_COUNT else f"{worst} of {len(losses)} pages"
    figure, axes = _square(
        "Loss by confidence" + (f" ({tenth:.0%} in the least confident {where})" if tenth >= 0 else "")
    )
    axes.plot((0, 1), (0, 1), color="#9ca3af", linestyle="--", linewidth=1, label="in any order")
    if losses.sum():
        shares = np.linspace(0, 1, len(losses) + 1)
        for order, colour, label in (
            (np.sort(losses)[::-1], "#6b7280", "the worst pages first"),
            (losses, COLOURS["article"], "the least confident first"),
        ):
            axes.plot(shares, np.append(0, order.cumsum() / losses.sum()), color=colour, linewidth=1.5, label=label)
        axes.axvline(worst / len(losses), color="#9ca3af", linewidth=1)
    else:
        _say(axes, "no page lost anything of its article")
    axes.set_xlabel("share of pages")
    axes.set_ylabel("share of all loss")
    _add_legend(figure)
    return _svg(figure, "loss")


def _square(title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.add_subplot()
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.set_title(title, fontsize="medium")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e5e7eb", linewidth=0.8)
    return figure, axes


def _say(axes: Axes, why: str) -> None:
    """Say why there is no curve."""
    axes.text(0.5, 0.55, why, horizontalalignment="center", color="#6b7280", fontsize="small")


def _add_legend(figure: Figure) -> None:
    if not figure.axes[0].get_legend_handles_labels()[0]:
        return
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize="small")


def _svg(figure: Figure, name: str) -> str:
    """Write a figure as an SVG element; ``name`` keeps its ids apart from those of other figures in the page."""
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "font.family": "sans-serif"}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
