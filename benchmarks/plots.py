"""Plots as SVG: a bar for each who did it, on a logarithmic scale, one picture for each target."""

import math
from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Final

from benchmarks.figures import BARE, OURS, REFERENCE, Figure, brief

WIDTH: Final = 760
LABEL: Final = 96
BAR: Final = 16
COLOURS: Final = {OURS: "#2a6f97", REFERENCE: "#b5651d", BARE: "#8a8a8a"}


def draw(figures: Iterable[Figure], folder: Path) -> None:
    """Draw ``target-N.svg`` for every target that was measured."""
    for target, some in groupby(sorted(figures, key=lambda figure: figure.target), lambda figure: figure.target):
        (folder / f"target-{target}.svg").write_text(picture(list(some)), "utf-8")


def picture(figures: Sequence[Figure]) -> str:
    """One figure below the other."""
    parts, y = [], 8
    for figure in figures:
        parts.append(_text(8, y + 14, f"{figure.name} [{figure.unit}]", weight="bold"))
        y += 24
        for who, length, value in _bars(figure):
            parts.append(_text(8, y + 12, who))
            parts.append(f'<rect x="{LABEL}" y="{y}" width="{length:.0f}" height="{BAR}" fill="{_colour(who)}"/>')
            parts.append(_text(LABEL + length + 6, y + 12, value))
            y += BAR + 4
        y += 12
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}">'
    ground = f'<rect width="{WIDTH}" height="{y}" fill="white"/>'
    return "\n".join([head, ground, *parts, "</svg>"]) + "\n"


def _bars(figure: Figure) -> list[tuple[str, float, str]]:
    medians = {who: max(sample.median, 1e-9) for who, sample in figure.samples.items()}
    low = 10 ** math.floor(math.log10(min(medians.values())) - 0.3)
    span = math.log10(max(medians.values()) / low) or 1.0
    room = WIDTH - LABEL - 90
    return [(who, room * math.log10(value / low) / span, brief(value)) for who, value in medians.items()]


def _colour(who: str) -> str:
    return COLOURS.get(who, "#5b8e7d")


def _text(x: float, y: float, text: str, *, weight: str = "normal") -> str:
    style = f'font-family="sans-serif" font-size="12" font-weight="{weight}"'
    return f'<text x="{x:.0f}" y="{y:.0f}" {style} fill="#222">{escape(text)}</text>'
