"""The table of figures: a line for each row, 120 columns wide.

Memory stands in two pairs of columns: the peak of the process with the large count, and how much of that is above an
empty program of the same side.
"""

from morestack.bench.rows.slopes import Row, Side

MB = 1e6


def shown(value: float, unit: str) -> str:
    """A cost with a fitting unit."""
    if unit == "B":
        return f"{value:,.0f} B"
    for factor, name in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if value * factor >= 1:
            return f"{value * factor:.3g} {name}"
    return f"{value * 1e9:.3g} ns"


def megabytes(value: float) -> str:
    """Bytes as MB."""
    return f"{value / MB:,.0f}" if abs(value) >= 100 * MB else f"{value / MB:.1f}"


def memory(sides: list[Side | None], empty: list[float]) -> str:
    """The peaks of both sides, and what is above an empty program."""
    peaks = ["" if side is None else megabytes(side.peak) for side in sides]
    above = ["" if side is None else megabytes(side.peak - e) for side, e in zip(sides, empty, strict=True)]
    return "".join(f"{text:>8}" for text in (*peaks, *above))


def lines(rows: list[Row], empty: Row) -> list[str]:
    """The table, with its head. `empty` is the row of the empty program."""
    assert empty.peer is not None
    baseline = [empty.ours.peak, empty.peer.peak]
    found = [
        f"{'':46}{'':28}{'':10}{'peak, MB':>16}{'above an empty':>16}",
        f"{'':46}{'morestack':>10}{'Go':>10}{'ratio':>8}   {'at most':7}{'ours':>8}{'Go':>8}{'ours':>8}{'Go':>8}",
    ]
    for r in rows:
        peer = "" if r.peer is None else shown(r.figure(r.peer), r.unit)
        ratio = "" if r.ratio is None else f"{r.ratio:.2f}"
        most = f"{r.target}" if r.target is not None else "" if r.limit is None else shown(r.limit, r.unit)
        figures = f"{r.name:46}{shown(r.figure(r.ours), r.unit):>10}{peer:>10}{ratio:>8}"
        found.append(f"{figures} {'!' if r.over else ' '} {most:7}{memory([r.ours, r.peer], baseline)}")
    return found
