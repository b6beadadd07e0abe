"""Static data: globals with their initial bytes and the addresses in them."""

from __future__ import annotations

from morestack.codegen.context import ModuleContext
from morestack.ir.module import Global
from morestack.ir.types import pointer_words
from morestack.llvm.text import quote


def byte_string(data: bytes) -> str:
    """LLVM's literal for bytes."""
    return 'c"' + "".join(chr(b) if 32 <= b < 127 and b not in (34, 92) else f"\\{b:02X}" for b in data) + '"'


def _pieces(ctx: ModuleContext, g: Global) -> list[tuple[str, str]]:
    """(type, value) pairs of a packed struct: bytes and addresses in turn."""
    out: list[tuple[str, str]] = []
    at = 0

    def raw(end: int) -> None:
        nonlocal at
        have = g.data[at:end]
        if have.strip(b"\0"):
            out.append((f"[{len(have)} x i8]", byte_string(have)))
            at += len(have)
        if end > at:
            out.append((f"[{end - at} x i8]", "zeroinitializer"))
            at = end

    for offset, s in sorted(g.relocs, key=lambda r: r[0]):
        raw(offset)
        out.append(("ptr", ctx.symbol(s.name)))
        at = offset + 8
    raw(max(g.type.size, len(g.data)))
    return out


def emit_globals(ctx: ModuleContext) -> list[str]:
    """Definitions of the module's globals."""
    lines: list[str] = []
    for g in ctx.module.globals.values():
        ctx.defined.add(g.name)
        pieces = _pieces(ctx, g)
        kind = "constant" if g.readonly else "global"
        align = max(g.type.align, 8 if g.type.size >= 8 else 1)
        if len(pieces) == 1:
            text = f"{pieces[0][0]} {pieces[0][1]}"
        elif not pieces:
            text = "[1 x i8] zeroinitializer"  # zero-sized, but with an address of its own
        else:
            types = ", ".join(t for t, _ in pieces)
            text = f"<{{{types}}}> <{{{', '.join(f'{t} {v}' for t, v in pieces)}}}>"
        # read-only data has no identity: several packages may define the same name, such as a closure `f·f`
        linkage = "internal" if g.readonly else "hidden"
        lines.append(f"{quote(g.name)} = {linkage} {kind} {text}, align {align}")
    return lines


def roots_name(module: str) -> str:
    """The symbol of a module's table of roots."""
    return f"{module}..roots"


def emit_roots(ctx: ModuleContext) -> list[str]:
    """The table of roots: {address, words, bitmap} of each writable global with pointers, then a zero."""
    entries: list[str] = []
    for g in ctx.module.globals.values():
        bits = 0 if g.readonly else pointer_words(g.type)
        if not bits:
            continue
        size = -(-bits.bit_length() // 8)
        mask = ctx.mask(bits.to_bytes(size, "little"))
        entries.append(f"{{ptr, i64, ptr}} {{ptr {quote(g.name)}, i64 {bits.bit_length()}, ptr {mask}}}")
    entries.append("{ptr, i64, ptr} zeroinitializer")
    table = f"[{len(entries)} x {{ptr, i64, ptr}}] [{', '.join(entries)}]"
    return [f"{quote(roots_name(ctx.module.name))} = hidden constant {table}, align 8"]
