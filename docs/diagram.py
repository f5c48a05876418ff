"""State diagrams as SVG, drawn from transitions: boxes at given places, one arrow per pair of states, with labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from math import hypot

FONT = "font-family='DejaVu Sans, Verdana, sans-serif'"
BOX_HEIGHT = 38
LETTER = 8.2
"""Width of a letter in a box, in pixels."""
SMALL_LETTER = 6.9
"""Width of a letter of a label."""
LINE = 16
"""From one line of a label to the next."""
ARROW = 10
"""Length of an arrow's head."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where the states of one diagram stand."""

    width: int
    height: int
    places: dict[str, tuple[int, int]]
    """Centre of each state's box."""
    ends: frozenset[str] = frozenset()
    """States drawn as ends, with a double frame."""
    bends: dict[tuple[str, str], int] = field(default_factory=dict)
    """How far the middle of an arrow stands off to the left of its way; without: straight."""
    shifts: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """How far the label of an arrow stands from its middle."""


def draw(title: str, transitions: list[tuple[str, str, str]], layout: Layout) -> str:
    """Return the SVG of transitions (from, to, label); labels of one pair stand below each other, in their order."""
    labels: dict[tuple[str, str], list[str]] = {}
    for begin, end, label in transitions:
        labels.setdefault((begin, end), []).append(label)
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {layout.width} {layout.height}' "
        f"width='{layout.width}' height='{layout.height}' role='img' aria-label='{escape(title)}'>",
        f"<title>{escape(title)}</title>",
        f"<rect width='{layout.width}' height='{layout.height}' fill='#ffffff'/>",
    ]
    arrows = [_arrow(pair, layout) for pair in labels]
    parts += [line for line, _ in arrows]
    parts += [_box(state, place, is_end=state in layout.ends) for state, place in layout.places.items()]
    for (pair, texts), (_, middle) in zip(labels.items(), arrows, strict=True):
        shift = layout.shifts.get(pair, (0, 0))
        parts.append(_label(texts, middle[0] + shift[0], middle[1] + shift[1]))
    return "\n".join([*parts, "</svg>", ""])


def _half_width(state: str) -> float:
    return max(45.0, len(state) * LETTER / 2 + 14)


def _box(state: str, place: tuple[int, int], *, is_end: bool) -> str:
    half, (x, y) = _half_width(state), place
    frames = [(0, "#eef3fa" if not is_end else "#f3f3f3")]
    if is_end:
        frames.append((4, "none"))
    rects = "".join(
        f"<rect x='{x - half + inset:.1f}' y='{y - BOX_HEIGHT / 2 + inset:.1f}' width='{2 * (half - inset):.1f}' "
        f"height='{BOX_HEIGHT - 2 * inset}' rx='9' fill='{fill}' stroke='#27496d' stroke-width='1.4'/>"
        for inset, fill in frames
    )
    return f"{rects}<text x='{x}' y='{y + 5}' {FONT} font-size='14' text-anchor='middle'>{escape(state)}</text>"


def _label(texts: list[str], x: float, y: float) -> str:
    width = max(map(len, texts)) * SMALL_LETTER + 6
    top = y - len(texts) * LINE / 2
    lines = "".join(
        f"<text x='{x:.1f}' y='{top + number * LINE + 12:.1f}' {FONT} font-size='12' fill='#333333' "
        f"text-anchor='middle'>{escape(text)}</text>"
        for number, text in enumerate(texts)
    )
    back = (
        f"<rect x='{x - width / 2:.1f}' y='{top:.1f}' width='{width:.1f}' height='{len(texts) * LINE}' fill='#ffffff'/>"
    )
    return back + lines


def _arrow(pair: tuple[str, str], layout: Layout) -> tuple[str, tuple[float, float]]:
    """Return an arrow and the middle of its way."""
    begin, end = pair
    (x0, y0), (x1, y1) = layout.places[begin], layout.places[end]
    length = hypot(x1 - x0, y1 - y0)
    bend = layout.bends.get(pair, 0)
    # A quadratic curve passes half-way to its control point.
    control = (x0 + x1) / 2 + 2 * bend * (y1 - y0) / length, (y0 + y1) / 2 - 2 * bend * (x1 - x0) / length
    start = _border(layout.places[begin], control, _half_width(begin))
    tip = _border(layout.places[end], control, _half_width(end))
    middle = (start[0] + 2 * control[0] + tip[0]) / 4, (start[1] + 2 * control[1] + tip[1]) / 4
    return _path(start, control, tip), middle


def _path(start: tuple[float, float], control: tuple[float, float], tip: tuple[float, float]) -> str:
    """Return a curve by way of ``control``, with a head at its tip."""
    away = hypot(control[0] - tip[0], control[1] - tip[1])
    ux, uy = (tip[0] - control[0]) / away, (tip[1] - control[1]) / away
    neck = tip[0] - ARROW * ux, tip[1] - ARROW * uy
    head = " ".join(
        f"{x:.1f},{y:.1f}"
        for x, y in (
            tip,
            (neck[0] - ARROW / 2.4 * uy, neck[1] + ARROW / 2.4 * ux),
            (neck[0] + ARROW / 2.4 * uy, neck[1] - ARROW / 2.4 * ux),
        )
    )
    way = f"Q {control[0]:.1f} {control[1]:.1f} {neck[0]:.1f} {neck[1]:.1f}"
    return (
        f"<path d='M {start[0]:.1f} {start[1]:.1f} {way}' fill='none' stroke='#27496d' stroke-width='1.4'/>"
        f"<polygon points='{head}' fill='#27496d'/>"
    )


def _border(place: tuple[int, int], towards: tuple[float, float], half_width: float) -> tuple[float, float]:
    """Return where the way from a box's centre leaves its frame."""
    dx, dy = towards[0] - place[0], towards[1] - place[1]
    reach = min(
        half_width / abs(dx) if dx else float("inf"),
        BOX_HEIGHT / 2 / abs(dy) if dy else float("inf"),
    )
    return place[0] + dx * reach, place[1] + dy * reach
