"""Errors in the user's program, collected, sorted by position, and printed as gc prints them.

`Diagnostics.report` collects errors and never raises. `InternalError` reports our own bugs, with the data needed to
find them. Rejected: exceptions for user errors, which would stop at the first error.
"""

from dataclasses import dataclass, field

from morestack.errors import UserError
from morestack.source.codes import Code
from morestack.source.span import Span

MAX_ERRORS = 10
"""gc stops at its tenth error with `too many errors`."""


@dataclass(slots=True, frozen=True)
class Diagnostic:
    """One message at one place; `notes` follow it, indented by a tab like gc's continuation lines."""

    code: Code
    span: Span
    message: str
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n\t".join((f"{self.span}: {self.message}", *self.notes))


@dataclass(slots=True)
class Diagnostics:
    """The errors found so far."""

    items: list[Diagnostic] = field(default_factory=list)

    def report(self, code: Code, span: Span, message: str, *notes: str) -> None:
        """Collect an error; the caller continues."""
        self.items.append(Diagnostic(code, span, message, notes))

    def __bool__(self) -> bool:
        return bool(self.items)

    def sorted(self) -> list[Diagnostic]:
        """Return the errors by file and position, without duplicates, as gc prints them."""
        return _sorted(self.items)

    def render(self) -> str:
        """Return the text for stderr: the first `MAX_ERRORS` errors reported, sorted, and then gc's `too many
        errors`."""
        lines = [str(d) for d in _sorted(self.items[:MAX_ERRORS])]
        if len(self.items) >= MAX_ERRORS:
            lines.append(f"{self.items[MAX_ERRORS - 1].span}: too many errors")
        return "\n".join(lines)


def _sorted(items: list[Diagnostic]) -> list[Diagnostic]:
    seen: set[tuple[str, int, str]] = set()
    result: list[Diagnostic] = []
    for item in sorted(items, key=lambda d: (d.span.file.path, d.span.start)):
        key = (item.span.file.path, item.span.start, item.message)
        if key not in seen:
            seen.add(key)
            result.append(item)
    return result


class CompileError(UserError):
    """Raised once by a stage that cannot continue; holds every diagnostic collected so far."""

    def __init__(self, diagnostics: Diagnostics) -> None:
        super().__init__(diagnostics.render())
        self.diagnostics = diagnostics


class InternalError(Exception):
    """A bug in this compiler: the pass, the place in the program, and the IR at that point."""

    def __init__(self, where: str, message: str, span: Span | None = None, ir: str = "") -> None:
        place = f"{span}: " if span is not None else ""
        super().__init__(f"{place}internal error in {where}: {message}" + (f"\n{ir}" if ir else ""))
        self.span = span
