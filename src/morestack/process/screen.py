"""`morestack top` on a terminal: the groups of goroutines live, with textual.

A thread takes a snapshot each interval and hands it to the screen; nothing else is shared. While a snapshot takes
longer than the interval, the next begins when it has ended. When the process ends, the last figures stay.
"""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import DataTable, Footer, Input, Sparkline, Static
from textual.worker import get_current_worker

from morestack.process.errors import ProcessError
from morestack.process.group import BY, Group, size_text
from morestack.process.history import Change, History, Sample, counted, unsigned
from morestack.process.model import Goroutine
from morestack.process.report import key_lines, short_file, summary, warnings
from morestack.process.target import Source

SORTS = ("stack", "used", "free", "count", "largest", "name")
HEADINGS = ("goroutines", "+/s", "stack", "change/s", "grown/s", "shrunk/s", "used", "free", "largest", "key")
MOST_ROWS = 500
POINTS = 120


def rate(value: float | None, size: bool = False) -> str:
    """A rate; nothing where nothing changes, `-` where it is not known."""
    if value is None:
        return "-"
    if abs(value) < 0.05:
        return ""
    sign = "+" if value > 0 else "-"
    return sign + (size_text(int(abs(value))) if size else f"{abs(value):,.1f}")


def cells(found: Group, change: Change, by: str) -> list[Text]:
    """A group's row."""
    known = bool(found.known)
    key = key_lines(found, by)
    text = key[0] if len(key) == 1 else " < ".join(line.split(" ")[0] for line in key)
    figures = (
        f"{found.goroutines:,}",
        rate(change.goroutines),
        size_text(found.stack_bytes) if known else "-",
        rate(change.stack_bytes, size=True),
        rate(change.grown),
        rate(change.shrunk),
        size_text(found.used_bytes),
        size_text(found.free_bytes) if known else "-",
        size_text(found.largest) if known else "-",
    )
    return [Text(figure, justify="right") for figure in figures] + [Text(text, no_wrap=True)]


class Detail(ModalScreen[None]):
    """One goroutine: what is known of it, and its path with each frame's bytes."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "dismiss", "back")]
    DEFAULT_CSS = """
    Detail { align: center middle; }
    Detail > VerticalScroll { width: 90%; height: 80%; border: round $accent; padding: 0 1; background: $surface; }
    """

    def __init__(self, goroutine: Goroutine, shared: int) -> None:
        super().__init__()
        self.goroutine, self.shared = goroutine, shared

    def compose(self) -> ComposeResult:
        """Facts, then frames."""
        with VerticalScroll():
            yield Static(Text("\n".join(facts(self.goroutine, self.shared))), id="facts")
            yield Static(Text("\n".join(frame_lines(self.goroutine))), id="frames")
        yield Footer()


def facts(g: Goroutine, shared: int) -> list[str]:
    """What is known of a goroutine."""
    lines = [f"goroutine {g.id} [{g.wait_reason or g.status}]"]
    if g.wait_seconds is not None:
        lines[0] += f", waits for {g.wait_seconds:.0f} s or longer"
    if g.creator is not None:
        lines.append(f"created by {g.creator}")
    if g.start is not None:
        lines.append(f"started as {g.start}")
    if g.stack_bytes is not None:
        used = "?" if g.used_bytes is None else size_text(g.used_bytes)
        lines.append(f"stack {size_text(g.stack_bytes)} at {g.stack_lo:#x}, {used} used")
    if g.approximate:
        lines.append("it ran while it was read: path and use are of the last time it was at rest")
    lines.append(f"{shared:,} goroutines of this group; this one has its largest stack")
    return [*lines, ""]


def frame_lines(g: Goroutine) -> list[str]:
    """The path, innermost first, a line a frame."""
    lines = []
    for frame in g.path:
        size = "inlined" if frame.inlined else "?" if frame.frame_bytes is None else f"{frame.frame_bytes:,} B"
        lines.append(f"{size:>10}  {frame.function}  {short_file(frame.file)}:{frame.line}")
    if g.elided:
        size = "-" if g.elided_bytes is None else size_text(g.elided_bytes)
        lines.append(f"{size:>10}  {g.elided:,} frames in the middle are left out")
    return lines


class Top(App[int]):
    """The screen."""

    TITLE = "morestack top"
    CSS = """
    #summary { height: auto; padding: 0 1; }
    #history { height: 3; margin: 0 1; }
    #filter { display: none; height: 3; }
    #filter.shown { display: block; }
    #notes { height: auto; max-height: 3; padding: 0 1; color: $warning; }
    DataTable { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "quit"),
        Binding("b", "by", "group by"),
        Binding("s", "sort", "sort"),
        Binding("slash", "filter", "filter"),
        Binding("escape", "clear", "clear", show=False),
        Binding("p", "pause", "pause"),
        Binding("space", "now", "now"),
    ]

    def __init__(self, source: Source, history: History, interval: float, stop: bool = False) -> None:
        super().__init__()
        self.source, self.history, self.interval, self.stop = source, history, interval, stop
        self.paused = self.ended = self.busy = False
        self.wanted = ""
        self.keys: list[Group] = []

    def compose(self) -> ComposeResult:
        """Totals, their history, the table."""
        with Vertical():
            yield Static(id="summary")
            yield Sparkline([], id="history")
            yield Input(placeholder="show groups whose key has this text", id="filter")
            yield DataTable(id="groups", cursor_type="row", zebra_stripes=True)
            yield Static(id="notes")
        yield Footer()

    def on_mount(self) -> None:
        """Begin."""
        table = self.query_one(DataTable)
        for heading in HEADINGS:
            table.add_column(heading, key=heading)
        table.focus()
        self.set_interval(self.interval, self.tick)
        self.tick()

    def tick(self) -> None:
        """Take the next snapshot, unless one is being taken."""
        if not (self.paused or self.ended or self.busy):
            self.busy = True
            self.take()

    @work(thread=True)
    def take(self) -> None:
        """Read in a thread, show in the screen's."""
        worker = get_current_worker()
        try:
            sample = self.history.add(self.source.snapshot(self.stop))
        except ProcessError as error:
            if not worker.is_cancelled:
                self.call_from_thread(self.over, str(error))
            return
        if not worker.is_cancelled:
            self.call_from_thread(self.arrived, sample)

    def arrived(self, sample: Sample) -> None:
        """A snapshot is there."""
        self.busy = False
        self.show(sample)

    def over(self, text: str) -> None:
        """No more snapshots."""
        self.busy, self.ended = False, True
        self.query_one("#notes", Static).update(Text(text))

    def show(self, sample: Sample) -> None:
        """Fill the screen."""
        whole = sample.whole
        head = summary(sample.report)
        moving = (
            f"goroutines {rate(whole.goroutines) or '0'}/s ({counted(sample.begun)} begun, "
            f"{counted(sample.ended)} ended)   stack {rate(whole.stack_bytes, size=True) or '0'}/s   "
            f"stacks grown {unsigned(whole.grown)}/s, shrunk {unsigned(whole.shrunk)}/s"
        )
        mode = f"by {self.history.by}, sorted by {self.history.sort}" + (
            f", with {self.wanted!r}" if self.wanted else ""
        )
        state = "   PAUSED" if self.paused else ""
        self.query_one("#summary", Static).update(Text("\n".join([*head[:2], moving, mode + state])))
        totals = [float(stack) for _, _, stack, _ in self.history.totals]
        self.query_one("#history", Sparkline).data = totals[-POINTS:]
        if not self.ended:
            self.query_one("#notes", Static).update(Text("\n".join(warnings(sample.report)[:3])))
        self.fill(sample)

    def fill(self, sample: Sample) -> None:
        """Fill the table, the cursor staying where it is."""
        table = self.query_one(DataTable)
        row, left = table.cursor_row, table.scroll_offset
        table.clear()
        self.keys = [g for g in sample.groups if self.wanted.lower() in g.key.lower()][:MOST_ROWS]
        for found in self.keys:
            table.add_row(*cells(found, sample.changes.get(found.key, Change()), self.history.by))
        if self.keys:
            table.move_cursor(row=min(row, len(self.keys) - 1), scroll=False)
            table.scroll_to(left.x, left.y, animate=False)

    def again(self) -> None:
        """Show the latest snapshot as it should be shown now."""
        sample = self.history.regroup(self.history.by, self.history.sort)
        if sample is not None:
            self.show(sample)

    def action_by(self) -> None:
        """Group by the next thing."""
        sample = self.history.regroup(BY[(BY.index(self.history.by) + 1) % len(BY)], self.history.sort)
        if sample is not None:
            self.show(sample)

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.history.sort = SORTS[(SORTS.index(self.history.sort) + 1) % len(SORTS)]
        self.again()

    def action_filter(self) -> None:
        """Ask for a text to filter by."""
        field = self.query_one(Input)
        field.add_class("shown")
        field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is typed."""
        self.wanted = event.value
        self.again()

    def on_input_submitted(self) -> None:
        """Back to the table."""
        if not self.wanted:
            self.query_one(Input).remove_class("shown")
        self.query_one(DataTable).focus()

    def action_clear(self) -> None:
        """No filter."""
        field = self.query_one(Input)
        field.value = ""
        field.remove_class("shown")
        self.query_one(DataTable).focus()

    def action_pause(self) -> None:
        """Stop or go on taking snapshots."""
        self.paused = not self.paused
        self.again()

    def action_now(self) -> None:
        """Take a snapshot now."""
        if not (self.ended or self.busy):
            self.busy = True
            self.take()

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Show a goroutine of the group: the one with the largest stack."""
        if self.history.latest is None or event.cursor_row >= len(self.keys):
            return
        found = self.keys[event.cursor_row]
        for g in self.history.latest.report.snapshot.goroutines:
            if g.id == found.example:
                self.push_screen(Detail(g, found.goroutines))
                return
