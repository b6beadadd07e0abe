"""Frames as text and as JSON; docs/json.md describes the JSON, whose `schema` changes when a field does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from morestack.binary.diff import Difference
from morestack.binary.file import Binary
from morestack.binary.frames import Frame, PathStep, Statement
from morestack.binary.locals import Local, locals_of, unnamed

Row = TypeVar("Row")
SCHEMA, DIFF_SCHEMA = "morestack.frames/1", "morestack.frames-diff/1"
LOCALS = 4  # of a function, in text
UNNAMED = 256  # bytes in no variable that are worth a line
PATHS = 5  # statements whose path is shown, in text
WITH_LOCALS = 100  # functions whose locals are in JSON


def size_text(size: int) -> str:
    """A stack's size: a power of two from 2 KB on."""
    return f"{size >> 20} MB" if size >= 1 << 20 else f"{size >> 10} KB"


def heading(binary: Binary) -> str:
    """What the binary is, in one line."""
    kind = f"{binary.go_version} {binary.goos}/{binary.goarch}, {len(binary.pclntab):,} functions"
    return f"{binary.path}: {kind}{'' if binary.dwarf is not None else ', without debug information'}"


def frames_text(binary: Binary, functions: Sequence[Frame], statements: Sequence[Statement]) -> str:
    """The largest frames with their locals, and the `go` statements with the stack they need."""
    out = [heading(binary)]
    if functions:
        out += ["", f"{'frame':>9} {'runs on':>8}  function"]
    for row in functions:
        out.append(f"{row.frame_bytes:>9,} {size_text(row.stack_size):>8}  {row.name}  {_place(row.file, row.line)}")
        out += _locals_text(binary, row)
    if statements:
        out += ["", "stack by go statement, through direct calls (own: without what the runtime's functions call)"]
        out.append(f"{'own':>9} {'stack':>7} {'with runtime':>13} {'stack':>7}  go statement")
    for number, statement in enumerate(statements):
        out += _statement_text(statement, number < PATHS)
    return "\n".join(out) + "\n"


def _locals_text(binary: Binary, row: Frame) -> list[str]:
    """The variables that take at least a fiftieth of a frame, those of one type and size together."""
    alike: dict[tuple[str, int], list[Local]] = {}
    variables = locals_of(binary, row.function)
    for local in variables:
        alike.setdefault((local.type, local.bytes), []).append(local)
    groups = sorted(alike.items(), key=lambda group: -group[0][1] * len(group[1]))
    groups = [group for group in groups if group[0][1] * len(group[1]) * 50 >= row.frame_bytes]
    out: list[str] = []
    for (type_, bytes_), found in groups[:LOCALS]:
        if len(found) == 1:
            out.append(f"{bytes_:>18,}  {_local(found[0])}")
        else:
            names = ", ".join(dict.fromkeys(local.name for local in found if local.name))
            named = f" ({names if len(names) < 60 else names[:57] + '...'})" if names else ""
            what = type_ or "variables whose address is taken"
            out.append(f"{bytes_ * len(found):>18,}  {len(found)} of {bytes_:,}: {what}{named}")
    if len(groups) > LOCALS:
        out.append(f"{'':18}  and {len(groups) - LOCALS} more")
    rest = unnamed(row.function, variables)
    if binary.dwarf is not None and rest >= UNNAMED and rest * 2 > row.frame_bytes:
        out.append(f"{rest:>18,}  without a name: temporaries, and arrays behind slices made here")
    return out


def _statement_text(row: Statement, with_path: bool) -> list[str]:
    title = f"{row.title}  {_place(row.file, row.line)}"
    if row.start is None:
        return [f"{'?':>9} {'?':>7} {'?':>13} {'?':>7}  {title}", f"{'':41}starts a func value from elsewhere"]
    out = [
        f"{row.own_bytes:>9,} {size_text(row.own_stack_size):>7} {row.worst_bytes:>13,}"
        f" {size_text(row.worst_stack_size):>7}  {title}"
    ]
    if with_path:
        out += [f"{step.frame_bytes:>18,}  {step.name}" for step in row.path]
    out += [f"{'':18}  {line}" for line in reasons(row)]
    return out


def reasons(row: Statement) -> list[str]:
    """Why a goroutine may need more than is known."""
    found: list[str] = []
    if row.recursion:
        found.append(f"unbounded: recursion through {' -> '.join((*row.recursion, row.recursion[0]))}")
    if row.indirect_calls:
        first = row.indirect[0]
        more = f", and {row.indirect_calls - 1:,} more" if row.indirect_calls > 1 else ""
        found.append(f"not followed: indirect call at {_place(first.file, first.line)} in {first.function}{more}")
    return found


def _place(file: str, line: int) -> str:
    return f"{file}:{line}" if line else file


def _local(local: Local) -> str:
    name = f"{local.name} {local.type}" if local.name else "a variable whose address is taken"
    inlined = f", of {local.of} inlined" if local.of else ""
    return f"{name}{inlined}{' (place not recorded)' if local.offset is None else ''}"


def frames_json(binary: Binary, functions: Sequence[Frame], statements: Sequence[Statement]) -> dict[str, Any]:
    """Everything as JSON."""
    return {
        "schema": SCHEMA,
        "binary": binary_json(binary),
        "functions": [
            function_json(binary, row, with_locals=number < WITH_LOCALS) for number, row in enumerate(functions)
        ],
        "statements": [statement_json(row) for row in statements],
    }


def binary_json(binary: Binary) -> dict[str, Any]:
    """What the binary is."""
    return {
        "path": str(binary.path),
        "go_version": binary.go_version,
        "goos": binary.goos,
        "goarch": binary.goarch,
        "build_id": binary.build_id,
        "functions": len(binary.pclntab),
        "debug_information": binary.dwarf is not None,
    }


def function_json(binary: Binary, row: Frame, *, with_locals: bool) -> dict[str, Any]:
    """A function's row."""
    found: dict[str, Any] = {
        "name": row.name,
        "frame_bytes": row.frame_bytes,
        "args_bytes": row.args_bytes,
        "stack_size": row.stack_size,
        "file": row.file,
        "line": row.line,
    }
    if with_locals:
        variables = locals_of(binary, row.function)
        found["unnamed_bytes"] = unnamed(row.function, variables) if binary.dwarf is not None else None
        found["locals"] = [
            {
                "name": local.name,
                "type": local.type,
                "bytes": local.bytes,
                "offset": local.offset,
                "inlined_from": local.of,
            }
            for local in variables
        ]
    return found


def statement_json(row: Statement) -> dict[str, Any]:
    """A `go` statement's row."""
    return {
        "function": row.function,
        "file": row.file,
        "line": row.line,
        "start": row.start,
        "main": row.is_main,
        "own_bytes": row.own_bytes,
        "own_stack_size": row.own_stack_size,
        "worst_bytes": row.worst_bytes,
        "worst_stack_size": row.worst_stack_size,
        "bounded": row.bounded,
        "recursion": list(row.recursion),
        "indirect_calls": row.indirect_calls,
        "indirect": [{"function": at.function, "file": at.file, "line": at.line} for at in row.indirect],
        "functions": row.functions,
        "path": _path_json(row.path),
        "worst_path": _path_json(row.worst_path),
    }


def _path_json(path: Iterable[PathStep]) -> list[dict[str, Any]]:
    return [
        {"name": step.name, "frame_bytes": step.frame_bytes, "used": step.used, "file": step.file, "line": step.line}
        for step in path
    ]


def diff_text(old: Binary, new: Binary, difference: Difference, limit: int) -> str:
    """What changed between two builds."""
    out = [f"from {heading(old)}", f"to   {heading(new)}"]
    grown = sum(row.change > 0 for row in difference.frames)
    out.append(
        f"frames: {grown:,} grew, {len(difference.frames) - grown:,} shrank; functions: {difference.added:,} added, "
        f"{difference.removed:,} removed; go statements: {difference.statements_added:,} added, "
        f"{difference.statements_removed:,} removed"
    )
    if difference.frames:
        out += ["", f"{'change':>9} {'old':>9} {'new':>9}  function"]
    for row in _ends(difference.frames, limit):
        assert row.old is not None and row.new is not None
        out.append(f"{row.change:>+9,} {row.old.frame_bytes:>9,} {row.new.frame_bytes:>9,}  {row.name}")
    if difference.statements:
        out += ["", f"{'change':>9} {'old':>9} {'new':>9}  go statement, own functions through direct calls"]
    for change in _ends(difference.statements, limit):
        was, now = change.old, change.new
        assert was is not None and now is not None
        out.append(
            f"{change.change:>+9,} {was.own_bytes:>9,} {now.own_bytes:>9,}  {now.title}  {_place(now.file, now.line)}"
        )
        if change.crosses:
            text = f"a stack of {size_text(now.own_stack_size)} now, of {size_text(was.own_stack_size)} before"
            out.append(f"{'':29}  {text}")
    return "\n".join(out) + "\n"


def _ends(rows: Sequence[Row], limit: int) -> Sequence[Row]:
    """The rows that grew most, and those that shrank most."""
    return rows if len(rows) <= limit else [*rows[: limit - limit // 2], *rows[len(rows) - limit // 2 :]]


def diff_json(old: Binary, new: Binary, difference: Difference) -> dict[str, Any]:
    """What changed, as JSON."""
    return {
        "schema": DIFF_SCHEMA,
        "old": binary_json(old),
        "new": binary_json(new),
        "functions": [
            {
                "name": row.name,
                "old_bytes": row.old.frame_bytes if row.old else None,
                "frame_bytes": row.new.frame_bytes if row.new else None,
                "change": row.change,
            }
            for row in difference.frames
        ],
        "statements": [
            {
                "key": row.key,
                "change": row.change,
                "crosses": row.crosses,
                "old": statement_json(row.old) if row.old else None,
                "new": statement_json(row.new) if row.new else None,
            }
            for row in difference.statements
        ],
        "added": difference.added,
        "removed": difference.removed,
    }
