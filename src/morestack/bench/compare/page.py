"""The HTML page of `morestack compare --html`: one file, no scripts, nothing fetched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from morestack.bench.compare.report import QUANTITIES, Quantity, fastest, found, interval, meaning, shown
from morestack.bench.compare.sweep import Curve
from morestack.bench.draw import svg
from morestack.bench.machine import machine
from morestack.bench.measure import Measured

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d31")
"""Okabe and Ito's palette, which people who see colours differently can tell apart."""

STYLE = """
:root{color-scheme:light dark;--ink:#1b1b1b;--quiet:#6b6b6b;--paper:#fff;--line:#ddd}
@media(prefers-color-scheme:dark){:root{--ink:#e6e6e6;--quiet:#9a9a9a;--paper:#16181c;--line:#3a3d44}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:60rem;margin:2rem auto;
padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .8rem;text-align:right;border-bottom:1px solid var(--line)}
th:first-child,td:first-child{text-align:left}
.quiet,small{color:var(--quiet)}.best{font-weight:700}
svg{width:100%;max-width:48rem;height:auto;display:block}
svg text{font:12px system-ui,sans-serif;fill:var(--ink)}svg text.quiet{fill:var(--quiet)}
.grid{stroke:var(--line);fill:none}.interval{stroke:var(--ink);stroke-width:2;fill:none}
.band{opacity:.18;stroke:none}.line{fill:none;stroke-width:2}
.key span{display:inline-block;margin-right:1.2rem}
.key i{display:inline-block;width:.8rem;height:.8rem;margin-right:.4rem;border-radius:2px}
pre{overflow-x:auto;border:1px solid var(--line);padding:.8rem;border-radius:4px}
"""


def page(title: str, source: str, results: Sequence[Measured], curves: Sequence[Curve], x: str, said: str) -> str:
    """The page: the table and bars of one comparison, or the curves of a sweep, and the program."""
    names = [c.name for c in curves] if curves else [r.variant.name for r in results]
    colours = "".join(
        f".c{i} rect,.c{i} circle,.c{i} .band{{fill:{c}}}.c{i} .line{{stroke:{c}}}" for i, c in enumerate(COLOURS)
    )
    key = "".join(
        f'<span><i style="background:{COLOURS[i % len(COLOURS)]}"></i>{escape(n)}</span>' for i, n in enumerate(names)
    )
    body = [f"<h1>{escape(title)}</h1>", f"<p><small>{escape(machine())}</small></p>", f'<p class="key">{key}</p>']
    if results:
        body += [table(results), *charts(results)]
    if curves:
        body += swept(curves, x, said)
    body += ["<h2>What the rows are</h2><ul>"]
    body += [f"<li>{escape(q.title)}: {escape(q.note)}</li>" for q in QUANTITIES if q.note]
    body += ["</ul>", "<h2>The program</h2>", f"<pre>{escape(source)}</pre>"]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    return f'<!doctype html>\n<html lang="en"><head>{head}<style>{STYLE}{colours}</style></head>\n<body>\n' + (
        "\n".join(body) + "\n</body></html>\n"
    )


def table(results: Sequence[Measured]) -> str:
    """The table of the terminal, as HTML."""
    working = [r for r in results if not r.failure]
    best = fastest(working)
    rows = ["<table><tr><th></th>", *(f"<th>{escape(r.variant.name)}</th>" for r in working), "</tr>"]
    for quantity in QUANTITIES:
        rows.append(f'<tr><td title="{escape(quantity.note)}">{escape(quantity.title)}</td>')
        timed = quantity.names == ("seconds",)
        for r in working:
            value = found(r, quantity)
            mark = ' class="best"' if timed and r.variant.name in best else ""
            more = f"<br><small>{escape(interval(value))}</small>" if value and timed else ""
            rows.append(f"<td{mark}>{escape(shown(value.median if value else None, quantity.unit))}{more}</td>")
        rows.append("</tr>")
    rows.append("</table>")
    if working and (time := working[0].value("seconds")):
        rows.append(f"<p><small>Medians of {time.count} interleaved runs; {escape(meaning(time))}.</small></p>")
    rows += [f"<p>{escape(r.failure)}</p>" for r in results if r.failure]
    return "".join(rows)


def charts(results: Sequence[Measured]) -> list[str]:
    """A bar chart of each quantity that differs from zero somewhere."""
    drawn: list[str] = []
    for quantity in QUANTITIES:
        values = [(r.variant.name, found(r, quantity)) for r in results]
        if any(v is not None and v.median for _, v in values):
            text = formatter(quantity)
            drawn.append(f"<h2>{escape(quantity.title)}</h2>{svg.bars(quantity.title, values, text)}")
    return drawn


def swept(curves: Sequence[Curve], x: str, said: str) -> list[str]:
    """A plot of each quantity over the swept constant."""
    drawn = [f"<p>{escape(line)}</p>" for line in said.splitlines()]
    for quantity in QUANTITIES:
        data = [(c.name, [(v, e) for v, m in c.points if (e := found(m, quantity)) is not None]) for c in curves]
        if any(e.median for _, points in data for _, e in points):
            title = f"{quantity.title} by {x}"
            drawn.append(f"<h2>{escape(title)}</h2>{svg.lines(title, x, data, formatter(quantity))}")
    return drawn


def formatter(quantity: Quantity) -> Callable[[float], str]:
    """How values of a quantity are written."""
    return lambda value: shown(value, quantity.unit)
