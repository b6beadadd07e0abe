"""The text form of IR: `print_module` and `print_function`. `parse.py` reads it back without loss.

Each instruction is one line, `dst:type, ... = op[aux] operand, ... -> target, ... !line:col`. Every result shows its
type, so each line can be read on its own. The form is documented in docs/ir.md. Rejected: printing types on uses as
LLVM does, which doubles the width of a line and adds no information.
"""

from __future__ import annotations

import re

from morestack.ir.module import (
    Block,
    Const,
    Function,
    FunctionKind,
    Global,
    Instr,
    Leaf,
    Module,
    Object,
    Operand,
    Pos,
    Reg,
    Signature,
    Sym,
)
from morestack.ir.ops import Aux, Bounds
from morestack.ir.types import BOOL, F32, F64, PTR, Array, Scalar, Struct
from morestack.types.core.types import Type

LEAF_WORDS = ("panics", "inline", "allocates")
"""The words for the flags of a leaf, in the order of its fields."""
_PLAIN = re.compile(r"[A-Za-z_][\w.]*\Z", re.ASCII)


def quote(text: str) -> str:
    """Return a string literal with backslash escapes; UTF-8 is kept."""
    out = []
    for ch in text:
        if ch in '"\\':
            out.append("\\" + ch)
        elif ch < " " or ch == "\x7f":
            out.append(f"\\x{ord(ch):02x}")
        else:
            out.append(ch)
    return '"' + "".join(out) + '"'


def quote_bytes(data: bytes) -> str:
    """Return a byte string literal: printable ASCII is kept, other bytes become `\\xNN`."""
    out = []
    for byte in data:
        if byte in b'"\\':
            out.append("\\" + chr(byte))
        elif 32 <= byte < 127:
            out.append(chr(byte))
        else:
            out.append(f"\\x{byte:02x}")
    return '"' + "".join(out) + '"'


def symbol(name: str) -> str:
    """Return `@name`, quoted if necessary."""
    return "@" + (name if _PLAIN.match(name) else quote(name))


def constant(c: Const) -> str:
    """Return a constant with its type; integers are printed as signed, and the nil pointer as `nil`."""
    if c.type is BOOL:
        return "true" if c.value else "false"
    if c.type is PTR:
        return f"ptr {c.value}" if c.value else "nil"
    if c.type is F32 or c.type is F64:
        return f"{c.type!r} {float(c.value)!r}"
    value = int(c.value)
    bits = c.type.size * 8
    if value >> (bits - 1):
        value -= 1 << bits
    return f"{c.type!r} {value}"


def operand(arg: Operand) -> str:
    match arg:
        case Reg():
            return repr(arg)
        case Const():
            return constant(arg)
        case Sym(name=name):
            return symbol(name)


def position(pos: Pos, file: str | None) -> str:
    """Return `!line:col`, with the file if it is not the function's own; in an inlined body, also `in @callee` and
    the call."""
    place = f"!{pos.line}:{pos.col}" if pos.file == file else f"!{quote(pos.file)}:{pos.line}:{pos.col}"
    if pos.inlined is None:
        return place
    return f"{place} in {symbol(pos.inlined.function)} {position(pos.inlined.call, file)}"


def leaf(known: Leaf) -> str:
    """Return `leaf(...)` for the head of a function."""
    words = [w for w, there in zip(LEAF_WORDS, known[:3], strict=True) if there]
    return f"leaf({' '.join([*words, f'frame {known.frame}', f'depth {known.depth}'])})"


def _aux(instr: Instr) -> str:
    aux = instr.aux
    match aux:
        case None:
            return ""
        case str():
            return f"[{symbol(aux) if instr.op.value.aux is Aux.FUNCTION else aux}]"
        case Bounds(kind=kind, signed=signed):
            return f"[{kind.name.lower()}{' signed' if signed else ''}]"
        case Signature(params=params, results=results):
            return f"[({', '.join(map(repr, params))}) ({', '.join(map(repr, results))})]"
        case tuple():
            return f"[{', '.join(map(str, aux))}]"
        case int() | Object() | Scalar() | Struct() | Array():
            return f"[{aux!r}]"


def print_instr(instr: Instr, file: str | None = None) -> str:
    """Return the text of one instruction, without indentation."""
    parts = []
    if instr.dst:
        parts.append(", ".join(f"{d!r}:{d.type!r}" for d in instr.dst) + " =")
    parts.append(instr.op.value.mnemonic + _aux(instr))
    if instr.args:
        parts.append(", ".join(map(operand, instr.args)))
    if instr.targets:
        parts.append("-> " + ", ".join(map(repr, instr.targets)))
    if instr.pos is not None:
        parts.append(position(instr.pos, file))
    return " ".join(parts)


def print_block(block: Block, file: str | None = None) -> str:
    lines = [f"{block!r}:"]
    lines += ["  " + print_instr(i, file) for i in block.instrs]
    return "\n".join(lines)


def print_function(f: Function) -> str:
    """Return the text of a whole function."""
    params = ", ".join(f"{p!r}:{p.type!r}" for p in f.params)
    head = [f"func {symbol(f.name)}({params}) ({', '.join(map(repr, f.results))})"]
    if f.context is not None:
        head.append(f"context {f.context!r}")
    head += [f"pragma {quote(p)}" for p in f.pragmas]
    if f.kind is not FunctionKind.GO:
        head.append(f"kind {f.kind.value}")
    if f.local:
        head.append("local")
    if f.leaf is not None:
        head.append(leaf(f.leaf))
    if f.shown:
        head.append(f"shown {quote(f.shown)}")
    if f.body_of:
        head.append(f"body_of {symbol(f.body_of)}")
    if f.has_defer:
        head.append("defers")
    if f.result_objects:
        head.append(f"result_objects({', '.join('-' if o is None else repr(o) for o in f.result_objects)})")
    if f.pos is not None:
        head.append(position(f.pos, None))
    lines = [" ".join(head) + " {"]
    lines += [f"  object {o!r}:{o.type!r}" for o in f.objects]
    shown = set(map(id, f.params))
    if f.context is not None:
        shown.add(id(f.context))
        lines.append(f"  reg {f.context!r}:{f.context.type!r}")
    for block in f.blocks:
        for instr in block.instrs:
            shown.update(map(id, instr.dst))
    lines += [f"  reg {r!r}:{r.type!r}" for r in f.regs if id(r) not in shown]
    file = f.pos.file if f.pos is not None else None
    lines += [print_block(b, file) for b in f.blocks]
    lines.append("}")
    return "\n".join(lines)


def print_global(g: Global) -> str:
    parts = [f"global {symbol(g.name)} {g.type!r}"]
    if g.readonly:
        parts.append("readonly")
    if g.data:
        parts.append("= " + quote_bytes(g.data))
    if g.relocs:
        parts.append("{" + ", ".join(f"{at}: {symbol(s.name)}" for at, s in g.relocs) + "}")
    return " ".join(parts)


def print_module(m: Module) -> str:
    """Return the text of a whole module. Go types appear only as symbols, so the parser needs a table of them."""
    lines = [f"module {quote(m.name)}"]
    lines += [f"gotype {symbol(name)}" for name in m.go_types]
    names: dict[int, str] = {id(t): name for name, t in m.go_types.items()}
    for name, (concrete, iface) in m.itabs.items():
        lines.append(f"itab {symbol(name)} {_type_symbol(concrete, names)} {_type_symbol(iface, names)}")
    for name, entries in m.methods.items():
        for e in entries:
            lines.append(
                f"method {symbol(name)} {quote(e.name)} {quote(e.pkg)} {_type_symbol(e.type, names)} {symbol(e.code)}"
            )
    lines += map(print_global, m.globals.values())
    for f in m.functions.values():
        lines += ["", print_function(f)]
    return "\n".join(lines) + "\n"


def _type_symbol(t: Type, names: dict[int, str]) -> str:
    """Return the symbol of a Go type; a type without a descriptor in this module is named by its type string."""
    name = names.get(id(t))
    if name is None:
        from morestack.types.identity.typestring import link_string

        name = "type." + link_string(t)
    return symbol(name)
