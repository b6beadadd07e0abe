"""What `morestack compare` does: check the program, measure it once or for several values of a constant, and write the
report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from morestack.bench.compare import report, sweep
from morestack.bench.compare.page import page
from morestack.bench.measure import measure, own_variant
from morestack.build.files import read_program
from morestack.build.program import Program
from morestack.observe.progress import progress


def run_compare(
    paths: Sequence[str],
    swept: str | None,
    names: Sequence[str],
    repeat: int | None,
    budget: float,
    as_json: bool,
    html: str | None,
) -> str:
    """The report on a program under the disciplines named. With `html`, also write a page there."""
    wanted = sweep.parse_sweep(swept) if swept is not None else None
    tell = progress()
    sources = read_program(paths)
    Program(sources).root.checked  # noqa: B018  # errors of the program are told once, not once a discipline
    title = " ".join(Path(p).name for p in paths)
    source = "\n".join(s.text.decode("utf-8", "replace") for s in sources)
    if wanted is not None:
        curves = sweep.run_sweep(paths, wanted, names, budget, repeat, tell)
        if html is not None:
            said = "\n".join(sweep.crossovers(curves))
            Path(html).write_text(page(f"{title} by {wanted.name}", source, (), curves, wanted.name, said))
        return sweep.to_json(curves, wanted.name) if as_json else sweep.to_text(curves, wanted.name)
    results = measure([own_variant(name, name, paths) for name in names], budget, repeat, tell)
    if html is not None:
        Path(html).write_text(page(f"{title} under each discipline", source, results, (), "", ""))
    return report.to_json(results) if as_json else report.to_text(results)
