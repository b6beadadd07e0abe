"""Plots as SVG: bars with intervals, and curves. Plain elements with classes; the page's style sheet colours them.

Every mark has a <title>, which browsers show under the pointer and screen readers read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from morestack.bench.draw.plot import Axis
from morestack.bench.estimate import Estimate

WIDTH = 640
ROW, LABEL, RIGHT = 26, 130, 90
CURVE_HEIGHT, LEFT, BOTTOM, TOP = 320, 70, 46, 12


def bars(title: str, values: Sequence[tuple[str, Estimate | None]], text: Callable[[float], str]) -> str:
    """Horizontal bars from zero, each with its interval as a line."""
    known = [v for _, v in values if v is not None]
    most = max((v.high for v in known), default=0) or 1
    room = WIDTH - LABEL - RIGHT
    height = ROW * len(values) + 8
    parts = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">']
    for number, (name, value) in enumerate(values):
        y = 4 + ROW * number
        parts.append(f'<text x="{LABEL - 8}" y="{y + 16}" text-anchor="end">{escape(name)}</text>')
        if value is None:
            parts.append(f'<text x="{LABEL}" y="{y + 16}" class="quiet">not measured</text>')
            continue
        width = value.median / most * room
        low, high = (LABEL + bound / most * room for bound in (value.low, value.high))
        told = f"{name}: {text(value.median)} ({text(value.low)} to {text(value.high)}, {value.count} runs)"
        parts.append(
            f'<g class="c{number}"><title>{escape(told)}</title>'
            f'<rect x="{LABEL}" y="{y + 3}" width="{width:.1f}" height="{ROW - 8}" rx="2"/>'
            f'<path class="interval" d="M{low:.1f} {y + ROW / 2 - 1:.1f}H{high:.1f}"/></g>'
        )
        parts.append(f'<text x="{max(high, LABEL + width) + 6:.1f}" y="{y + 16}">{escape(text(value.median))}</text>')
    return "".join([*parts, "</svg>"])


def lines(
    title: str,
    x_title: str,
    curves: Sequence[tuple[str, Sequence[tuple[int, Estimate]]]],
    text: Callable[[float], str],
) -> str:
    """Curves with their intervals as bands."""
    points = [p for _, c in curves for p in c]
    if not points:
        return ""
    xs = Axis([x for x, _ in points])
    ys = Axis([bound for _, v in points for bound in (v.low, v.high) if bound > 0] or [1.0], from_zero=True)
    width, height = WIDTH - LEFT - 20, CURVE_HEIGHT - TOP - BOTTOM

    def at(x: float, y: float) -> str:
        return f"{LEFT + xs.place(x) * width:.1f} {TOP + (1 - ys.place(max(y, ys.low))) * height:.1f}"

    parts = [f'<svg viewBox="0 0 {WIDTH} {CURVE_HEIGHT}" role="img" aria-label="{escape(title)}">']
    for step in range(5):
        line = TOP + height * step / 4
        label = text(ys.at(1 - step / 4))
        parts.append(f'<path class="grid" d="M{LEFT} {line:.1f}H{LEFT + width}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{line + 4:.1f}" text-anchor="end">{escape(label)}</text>')
    for x in sorted({x for x, _ in points}):
        px = LEFT + xs.place(x) * width
        parts.append(f'<text x="{px:.1f}" y="{TOP + height + 18}" text-anchor="middle">{x:,}</text>')
    parts.append(f'<text x="{LEFT + width / 2}" y="{CURVE_HEIGHT - 8}" text-anchor="middle">{escape(x_title)}</text>')
    for number, (name, curve) in enumerate(curves):
        if not curve:
            continue
        ordered = sorted(curve)
        band = [at(x, v.high) for x, v in ordered] + [at(x, v.low) for x, v in reversed(ordered)]
        parts.append(f'<g class="c{number}"><path class="band" d="M{"L".join(band)}Z"/>')
        parts.append(f'<path class="line" d="M{"L".join(at(x, v.median) for x, v in ordered)}"/>')
        for x, v in ordered:
            told = f"{name}, {x_title} {x:,}: {text(v.median)} ({text(v.low)} to {text(v.high)})"
            cx, cy = at(x, v.median).split()
            parts.append(f'<circle cx="{cx}" cy="{cy}" r="3.5"><title>{escape(told)}</title></circle>')
        parts.append("</g>")
    return "".join([*parts, "</svg>"])
