"""Pictures of what was measured, as SVG; equal figures give equal files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import matplotlib

from benchmarks.page import PICTURES

matplotlib.use("svg")
matplotlib.rcParams.update(
    {"svg.hashsalt": "ccroute", "font.size": 10, "axes.spines.top": False, "axes.spines.right": False}
)

from matplotlib import figure as figures  # noqa: E402
from matplotlib import pyplot  # noqa: E402 - after the choice of what draws

COLOURS: Final = ("#0b6e4f", "#6bbf59", "#8d99ae", "#e07a5f", "#f2cc8f")


def bars(name: str, title: str, groups: Sequence[str], heights: Mapping[str, Sequence[float]]) -> None:
    """Draw groups of bars on a logarithmic scale, one bar of a group for each series."""
    figure, axes = pyplot.subplots(figsize=(8, 4))
    width = 0.8 / len(heights)
    for at, (series, values) in enumerate(heights.items()):
        places = [group + (at - (len(heights) - 1) / 2) * width for group in range(len(groups))]
        axes.bar(places, values, width * 0.92, label=series, color=COLOURS[at % len(COLOURS)])
    axes.set_yscale("log")
    axes.set_ylim(bottom=100)
    axes.set_xticks(range(len(groups)), groups)
    axes.set_title(title, loc="left")
    axes.legend(frameon=False, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.08))
    _save(figure, name)


def curves(
    name: str, title: str, panels: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]], *, top: float
) -> None:
    """Draw panels side by side, each with its curves over a logarithmic axis, all from 0 to ``top``."""
    figure, all_axes = pyplot.subplots(1, len(panels), figsize=(9, 3.4), sharey=True)
    for axes, (label, series) in zip(all_axes, panels.items(), strict=True):
        for at, (curve, points) in enumerate(series.items()):
            axes.plot(*zip(*points, strict=True), marker="o", label=curve, color=COLOURS[(0, 3)[at % 2]])
        axes.set_xscale("log")
        axes.set_ylim(0, top)
        axes.set_xlabel(label)
        axes.grid(axis="y", alpha=0.3)
    all_axes[0].set_title(title, loc="left")
    all_axes[0].legend(frameon=False)
    _save(figure, name)


def _save(figure: figures.Figure, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    figure.savefig(PICTURES / f"{name}.svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
