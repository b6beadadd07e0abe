"""Curves as text: a letter for each curve on a grid. An axis is logarithmic when its values are positive and far apart.

Where curves meet, the letter of the later one is seen. Rejected: braille dots (they are finer, but the fonts of many
terminals lack them, and curves could not be told apart without colour).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import log

Points = Sequence[tuple[float, float]]

WIDTH, HEIGHT = 60, 16
FAR = 8
"""An axis is logarithmic when its largest value is this many times its smallest."""


class Axis:
    """From values to the range 0 to 1."""

    def __init__(self, values: Sequence[float], from_zero: bool = False) -> None:
        self.low, self.high = min(values), max(values)
        self.logarithmic = self.low > 0 and self.high / self.low >= FAR
        if from_zero and not self.logarithmic:
            self.low = min(self.low, 0)
        if self.high == self.low:
            self.high = self.low + 1

    def place(self, value: float) -> float:
        """Where a value lies, 0 to 1."""
        if self.logarithmic:
            return log(value / self.low) / log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def at(self, place: float) -> float:
        """The value at a place."""
        if self.logarithmic:
            return float(self.low * (self.high / self.low) ** place)
        return self.low + (self.high - self.low) * place


def draw(curves: Sequence[tuple[str, Points]], x_title: str, y_label: Sequence[str] | None = None) -> str:
    """The plot. `y_label`: texts for the top, the middle and the bottom of the y axis."""
    shown = [(name, points) for name, points in curves if points]
    if not shown:
        return ""
    xs = Axis([x for _, points in shown for x, _ in points])
    ys = Axis([y for _, points in shown for _, y in points], from_zero=True)
    grid = [[" "] * WIDTH for _ in range(HEIGHT)]
    letters = letters_of([name for name, _ in shown])
    for letter, (_, points) in zip(letters, shown, strict=True):
        spots = [(xs.place(x) * (WIDTH - 1), ys.place(y) * (HEIGHT - 1)) for x, y in sorted(points)]
        for (x0, y0), (x1, y1) in pairwise(spots):
            for column in range(round(x0) + 1, round(x1)):
                y = y0 + (y1 - y0) * (column - x0) / (x1 - x0)
                row = grid[HEIGHT - 1 - round(y)]
                row[column] = "·" if row[column] == " " else row[column]
        for x, y in spots:
            grid[HEIGHT - 1 - round(y)][round(x)] = letter
    top, middle, bottom = y_label or ("", "", "")
    margin = max(map(len, (top, middle, bottom)))
    lines: list[str] = []
    for number, row in enumerate(grid):
        label = {0: top, HEIGHT // 2: middle, HEIGHT - 1: bottom}.get(number, "")
        lines.append(f"{label:>{margin}} |{''.join(row)}".rstrip())
    left, right = f"{xs.low:,.0f}", f"{xs.high:,.0f}"
    title = f"{x_title}{' (logarithmic)' if xs.logarithmic else ''}"
    lines.append(" " * margin + " +" + "-" * WIDTH)
    lines.append(" " * margin + "  " + left + title.center(WIDTH - len(left) - len(right)) + right)
    lines.append(" " * margin + "  " + "  ".join(f"{c} {name}" for c, (name, _) in zip(letters, shown, strict=True)))
    return "\n".join(lines)


def letters_of(names: Sequence[str]) -> list[str]:
    """A letter for each name: the first of its own that is free."""
    taken: list[str] = []
    for name in names:
        choice = [*name.replace("-", ""), *name.upper(), *"abcdefghijklmnopqrstuvwxyz0123456789#"]
        taken.append(next((c for c in choice if c not in taken), "*"))
    return taken


def y_axis(curves: Sequence[tuple[str, Points]]) -> Axis:
    """The y axis `draw` uses, for labels."""
    return Axis([y for _, points in curves for _, y in points], from_zero=True)
