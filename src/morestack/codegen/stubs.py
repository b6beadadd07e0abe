"""The stubs between goroutine functions and the runtime: the counterpart of gc's asm_amd64.s.

All have the uniform prototype except `rt.mstart` (C, called by an OS thread) and `rt.leafpanic` (C).
`rt.goexit` is a continuation: the return address at the bottom of every goroutine. So is `rt.lessstack`, the return
address of a segment's first function. See docs/abi.md.
"""

from __future__ import annotations

from morestack.abi.convention import FLOAT_REGS, INT_REGS, LINK, MAX_LEAF_SITES
from morestack.abi.metadata import FUNC_BOTTOM, FUNC_NO_PARAMS, FUNC_RUNTIME, SITE_END
from morestack.abi.structures import (
    G_M,
    G_PENDING,
    G_SCHED_BP,
    G_SCHED_CTXT,
    G_SCHED_PC,
    G_SCHED_RET,
    G_SCHED_SP,
    M_FREGS,
    M_LEAF_COUNT,
    M_LEAF_SITES,
    M_MORE_PC,
    M_PENDING_A,
    M_PENDING_B,
    M_REGS,
)
from morestack.codegen.context import RECORD_TYPE, SITE_TYPE, c_string, relative
from morestack.codegen.convention import PARAMS, argument_list
from morestack.llvm.target import HEADER
from morestack.llvm.text import cell_symbol, quote

CELLS = ("newstack", "schedule", "goexit0", "panicking", "panicval", "panicreturn", "oldstack")
"""Cells the stubs use; the runtime module defines them."""

_ATTRS = "nounwind null_pointer_is_valid align 16"


def _g(lines: list[str], name: str, offset: int, base: str = "%g") -> str:
    lines.append(f"  %{name}.p = getelementptr i8, ptr {base}, i64 {offset}")
    return f"%{name}.p"


def _load_cell(name: str) -> str:
    """%f: a function of the runtime."""
    return f"  %f = load ptr, ptr {quote(cell_symbol(name))}"


def _m(lines: list[str], g: str = "%g") -> None:
    """%m: the thread that runs a goroutine."""
    lines.append(f"  %m = load ptr, ptr {_g(lines, 'm', G_M, g)}")


def _tail(target: str, g: str, bp: str, args: str) -> list[str]:
    return [f"  musttail call preserve_nonecc void {target}(ptr {g}, ptr {bp}, {args})", "  ret void"]


def _reload(g: str) -> list[str]:
    """Go on at %more, with the registers in %m and g's stack."""
    out: list[str] = []
    values: dict[int, str] = {}
    for k in range(INT_REGS):
        p = _g(out, f"lx{k}", M_REGS + 8 * k, "%m")
        out.append(f"  %lx{k} = load i64, ptr {p}")
        values[k] = f"%lx{k}"
    for k in range(FLOAT_REGS):
        p = _g(out, f"ld{k}", M_FREGS + 8 * k, "%m")
        out.append(f"  %ld{k} = load double, ptr {p}")
        values[INT_REGS + k] = f"%ld{k}"
    out.append(f"  %moresp = load ptr, ptr {_g(out, 'moresp', G_SCHED_SP, g)}")
    out.append(f"  %newbp = getelementptr i8, ptr %moresp, i64 -{LINK}")
    return [*out, *_tail("%more", g, "%newbp", argument_list(values))]


def _enter(g: str) -> list[str]:
    """Go on at %m's more_pc: a prologue's check is made again."""
    out: list[str] = []
    out.append(f"  %more = load ptr, ptr {_g(out, 'more', M_MORE_PC, '%m')}")
    return [*out, *_reload(g)]


def _save() -> list[str]:
    """Put all argument registers into %m's."""
    out: list[str] = []
    _m(out)
    for k in range(INT_REGS):
        p = _g(out, f"sx{k}", M_REGS + 8 * k, "%m")
        out.append(f"  store i64 %x{k}, ptr {p}")
    for k in range(FLOAT_REGS):
        p = _g(out, f"sd{k}", M_FREGS + 8 * k, "%m")
        out.append(f"  store double %d{k}, ptr {p}")
    return out


def _lessstack() -> list[str]:
    """Where the first function on a segment returns to, its results in any registers: back to the older segment."""
    out = [*_continuation("lessstack", FUNC_RUNTIME | FUNC_NO_PARAMS), *_save()]
    out += [_load_cell("oldstack"), "  call void %f(ptr %g)"]
    out.append(f"  %more = load ptr, ptr {_g(out, 'back', G_SCHED_PC)}")
    return [*out, *_reload("%g"), "}"]


def _morestack() -> list[str]:
    out = [f"define hidden preserve_nonecc void @rt.morestack{PARAMS} {_ATTRS} {{", *_save()]
    out += [
        "  %pc.p = getelementptr i8, ptr %bp, i64 8",
        "  %pc = load ptr, ptr %pc.p",
        "  %callerbp = load ptr, ptr %bp",
        f"  %callersp = getelementptr i8, ptr %bp, i64 {LINK}",
    ]
    for name, offset, value in (
        ("gpc", G_SCHED_PC, "%pc"), ("gsp", G_SCHED_SP, "%callersp"), ("gbp", G_SCHED_BP, "%callerbp"),
    ):  # fmt: skip
        p = _g(out, name, offset)
        out.append(f"  store ptr {value}, ptr {p}")
    out += [
        _load_cell("newstack"),
        "  %answer = call i64 %f(ptr %g)",
        "  %retry = icmp eq i64 %answer, 0",
        "  br i1 %retry, label %again, label %stop",
        "again:",
    ]
    out += _enter("%g")
    out += [
        "stop:",
        *_tail("@rt.schedule", "%g", "poison", argument_list({})),
        "}",
    ]
    return out


def _schedule() -> list[str]:
    out = [
        f"define hidden preserve_nonecc void @rt.schedule{PARAMS} {_ATTRS} {{",
        _load_cell("schedule"),
        "  %answer = call i64 %f(ptr %g)",
        "  %none = icmp eq i64 %answer, 0",
        "  br i1 %none, label %back, label %go",
        "back:",
        "  ret void",
        "go:",
        "  %bit = and i64 %answer, 1",
        "  %next = inttoptr i64 %answer to ptr",
        "  %whole = icmp eq i64 %bit, 0",
        "  br i1 %whole, label %gogo, label %check",
        "check:",
        "  %stopped = getelementptr i8, ptr %next, i64 -1",
    ]
    _m(out, "%stopped")
    out += _enter("%stopped")
    out.append("gogo:")
    for name, offset, t in (
        ("pc", G_SCHED_PC, "ptr"),
        ("sp", G_SCHED_SP, "ptr"),
        ("ctxt", G_SCHED_CTXT, "i64"),
        ("ret", G_SCHED_RET, "i64"),
    ):
        p = _g(out, name, offset, "%next")
        out.append(f"  %{name} = load {t}, ptr {p}")
    out.append(f"  %bp2 = getelementptr i8, ptr %sp, i64 -{LINK}")
    out += _tail("%pc", "%next", "%bp2", argument_list({0: "%ret", 8: "%ctxt"}))
    return [*out, "}"]


def _continuation(stub: str, flags: int) -> list[str]:
    """The head of a stub that is a return address: a frame of no bytes in a function `runtime.<stub>`."""
    record, site, text = f"@func.{stub}", f"@site.{stub}", f"@name.{stub}"
    name, size = c_string(f"runtime.{stub}")
    return [
        f"{text} = private constant [{size} x i8] {name}, align 1",
        f"{record} = private constant {RECORD_TYPE} {{{relative(text, record)}, "
        f"{relative(text, record)}, i32 0, i32 {flags}, i32 0, i32 0, i32 0}}, align 8",
        f"{site} = private constant {SITE_TYPE} {{{relative(record, site)}, i32 0, i32 0, i32 0, "
        f"i32 {SITE_END}}}, align 8",
        f"define hidden preserve_nonecc void @rt.{stub}{PARAMS} {_ATTRS} prefix {{i64, i32, i32}} "
        f"{{i64 0, i32 0, {relative(site, f'@rt.{stub}')}}} {{",
    ]


def _panicval() -> list[str]:
    """Where the Error or String method of a panic's value returns to, with a string."""
    return [
        *_continuation("panicval", FUNC_RUNTIME | FUNC_NO_PARAMS),
        f"  %sp = getelementptr i8, ptr %bp, i64 {LINK}",
        _load_cell("panicval"),
        "  call void %f(ptr %g, i64 %x0, i64 %x1, ptr %sp)",
        *_tail("@rt.schedule", "%g", "poison", argument_list({})),
        "}",
    ]


def _panicreturn() -> list[str]:
    """Where a deferred call that a panic has made returns to."""
    return [
        *_continuation("panicreturn", FUNC_RUNTIME | FUNC_NO_PARAMS),
        f"  %sp = getelementptr i8, ptr %bp, i64 {LINK}",
        _load_cell("panicreturn"),
        "  call void %f(ptr %g, ptr %sp)",
        *_tail("@rt.schedule", "%g", "poison", argument_list({})),
        "}",
    ]


def _goexit() -> list[str]:
    return [
        *_continuation("goexit", FUNC_BOTTOM | FUNC_RUNTIME | FUNC_NO_PARAMS),
        _load_cell("goexit0"),
        "  call void %f(ptr %g)",
        *_tail("@rt.schedule", "%g", "poison", argument_list({})),
        "}",
    ]


def _panic() -> list[str]:
    """rt.panic(g, BP; x0 kind or 0: pending is set, x1 A, x2 B, x3 blob, x4 SP)."""
    out = [
        f"define hidden preserve_nonecc void @rt.panic{PARAMS} {_ATTRS} cold {{",
        "  %isset = icmp eq i64 %x0, 0",
        "  br i1 %isset, label %go, label %fill",
        "fill:",
    ]
    _m(out)
    for name, offset, value, base in (
        ("k", G_PENDING, "%x0", "%g"), ("a", M_PENDING_A, "%x1", "%m"), ("b", M_PENDING_B, "%x2", "%m"),
    ):  # fmt: skip
        p = _g(out, name, offset, base)
        out.append(f"  store i64 {value}, ptr {p}")
    out += ["  br label %go", "go:"]
    for name, offset, value in (
        ("pc", G_SCHED_PC, "i64 %x3"), ("sp", G_SCHED_SP, "i64 %x4"), ("bp", G_SCHED_BP, "ptr %bp"),
    ):  # fmt: skip
        p = _g(out, name, offset)
        out.append(f"  store {value}, ptr {p}")
    out += [_load_cell("panicking"), "  call void %f(ptr %g)"]
    return [*out, *_tail("@rt.schedule", "%g", "poison", argument_list({})), "}"]


def _mstart() -> list[str]:
    return [
        "define void @rt.mstart(ptr %g0) nounwind {",
        f"  call preserve_nonecc void @rt.schedule(ptr %g0, ptr null, {argument_list({})})",
        "  ret void",
        "}",
    ]


def _leafpanic() -> list[str]:
    """rt.leafpanic(g, kind or 0: pending is set, a, b, site): append the site of a leaf."""
    out = [
        "define hidden void @rt.leafpanic(ptr %g, i64 %kind, i64 %a, i64 %b, ptr %site) nounwind cold {",
    ]
    _m(out)
    out += [
        "  %isset = icmp eq i64 %kind, 0",
        "  br i1 %isset, label %go, label %fill",
        "fill:",
    ]
    for name, offset, base in (("kind", G_PENDING, "%g"), ("a", M_PENDING_A, "%m"), ("b", M_PENDING_B, "%m")):
        p = _g(out, name, offset, base)
        out.append(f"  store i64 %{name}, ptr {p}")
    out += ["  br label %go", "go:"]
    p = _g(out, "count", M_LEAF_COUNT, "%m")
    out += [
        f"  %n = load i64, ptr {p}",
        f"  %room = icmp ult i64 %n, {MAX_LEAF_SITES}",
        "  br i1 %room, label %put, label %done",
        "put:",
        f"  %base = getelementptr i8, ptr %m, i64 {M_LEAF_SITES}",
        "  %at = getelementptr i64, ptr %base, i64 %n",
        "  store ptr %site, ptr %at",
        "  %n1 = add i64 %n, 1",
        f"  store i64 %n1, ptr {p}",
        "  br label %done",
        "done:",
        "  ret void",
        "}",
    ]
    return out


def emit_stubs() -> str:
    """The LLVM text of the stubs module."""
    out = [*HEADER]
    out += [f"{quote(cell_symbol(c))} = external hidden global ptr" for c in CELLS]
    for part in (_morestack, _schedule, _goexit, _panic, _panicval, _panicreturn, _lessstack, _mstart, _leafpanic):
        out += part()
    return "\n".join(out) + "\n"
