"""What changes between snapshots, and the screen that shows it."""

from __future__ import annotations

import asyncio

from textual.widgets import DataTable, Input, Static

from morestack.process.errors import ProcessError
from morestack.process.history import Change, History, sample_json, sample_text
from morestack.process.model import Frame, Goroutine, Place, Snapshot
from morestack.process.screen import Detail, Top

PATH = (Frame("runtime.gopark", "/go/proc.go", 474, 1, 32), Frame("main.serve", "/app/serve.go", 9, 2, 480))


def goroutine(number: int, size: int, creator: str = "main.main") -> Goroutine:
    return Goroutine(
        number, "waiting", "IO wait", creator=Place(creator, "/src/main.go", 7), start=Place("main.serve"),
        stack_lo=0, stack_hi=size, used_bytes=512, path=PATH,
    )  # fmt: skip


def snapshot(at: float, *goroutines: Goroutine) -> Snapshot:
    return Snapshot("process 1 (server)", list(goroutines), taken=at)


FIRST = snapshot(100.0, goroutine(1, 2048), goroutine(2, 4096), goroutine(3, 8192))
SECOND = snapshot(102.0, goroutine(1, 8192), goroutine(2, 2048), goroutine(4, 2048), goroutine(5, 2048, "main.other"))


def test_rates_are_a_second() -> None:
    history = History()
    first = history.add(FIRST)
    assert (first.whole, first.begun, first.ended) == (Change(), None, None)
    sample = history.add(SECOND)
    assert (sample.begun, sample.ended) == (2, 1)
    assert (sample.whole.grown, sample.whole.shrunk, sample.whole.goroutines) == (0.5, 0.5, 0.5)
    change = sample.changes["main.main /src/main.go:7"]
    assert (change.goroutines, change.stack_bytes, change.grown) == (0.0, (12288 - 14336) / 2, 0.5)
    assert sample.changes["main.other /src/main.go:7"].goroutines == 0.5
    assert [total[2] for total in history.totals] == [14336, 14336]


def test_a_sample_as_json_and_as_text() -> None:
    history = History()
    history.add(FIRST)
    sample = history.add(SECOND)
    made = sample_json(sample, 1)
    assert len(made["groups"]) == 1
    assert made["change"]["grown_per_second"] == 0.5
    text = "\n".join(sample_text(sample, 1))
    assert "0.5 stacks grown, 0.5 shrunk; 2 begun, 1 ended" in text
    assert "... 1 more groups" in text


def test_rates_of_the_first_reading_are_not_known() -> None:
    history = History()
    first = history.add(FIRST)
    made = sample_json(first, 1)
    assert set(made["change"].values()) == {None} and set(made["groups"][0]["change"].values()) == {None}
    text = "\n".join(sample_text(first, 1))
    assert "a second: - goroutines, - of stack, - stacks grown, - shrunk; - begun, - ended" in text
    again = history.add(snapshot(101.0, *FIRST.goroutines))  # nothing changed, and that is known
    assert set(sample_json(again, 1)["groups"][0]["change"].values()) == {0}


class Ending:
    """A source of two snapshots; then its process ends."""

    def __init__(self) -> None:
        self.left = [FIRST, SECOND]

    def snapshot(self, stop: bool = False) -> Snapshot:
        if not self.left:
            raise ProcessError("there is no process 1")
        return self.left.pop(0)

    def close(self) -> None:
        pass


def text_of(app: Top, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).render())


async def drive() -> None:
    app = Top(Ending(), History(), interval=3600)
    async with app.run_test(size=(140, 40)) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        table = app.query_one(DataTable)
        assert table.row_count == 1
        await pilot.press("space")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert table.row_count == 2
        assert "stacks grown 0.5/s" in text_of(app, "#summary")
        await pilot.press("slash", *"other", "enter")
        await pilot.pause()
        assert table.row_count == 1
        await pilot.press("escape")
        await pilot.pause()
        assert (table.row_count, app.query_one(Input).value) == (2, "")
        await pilot.press("b", "b")
        assert app.history.by == "path"
        await pilot.press("s")
        assert app.history.sort == "used"
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, Detail)
        assert "480 B  main.serve  app/serve.go:9" in text_of(app, "#frames")
        assert "created by main.main" in text_of(app, "#facts")
        await pilot.press("escape")
        await pilot.pause()
        await pilot.press("space")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert "there is no process 1" in text_of(app, "#notes")
        assert table.row_count >= 1


def test_the_screen_groups_filters_sorts_and_shows_a_goroutine() -> None:
    asyncio.run(drive())
