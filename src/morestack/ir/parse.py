"""The parser of IR text: `parse_module` and `parse_function`. Printing their results yields the same text.

A register may be used above the line that defines its type (because of back edges of loops). Types are therefore
filled in at the definitions, and checked at the end. IR text does not define Go types: the caller passes a table from
symbols to types, and basic types are predefined. Errors are `ValueError` with the line number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from morestack.ir.module import (
    Block,
    Const,
    Function,
    FunctionKind,
    Global,
    Immediate,
    Inlined,
    Instr,
    Leaf,
    MethodEntry,
    Module,
    Object,
    Operand,
    Pos,
    Reg,
    Signature,
    Sym,
)
from morestack.ir.ops import Aux, Bounds, BoundsKind, Op
from morestack.ir.text import LEAF_WORDS
from morestack.ir.types import BOOL, F32, F64, PTR, SCALARS, IRType, array, struct
from morestack.types.core.types import BASIC, Type

_TOKEN = re.compile(
    r"""(?P<space>[ \t]+|\#[^\n]*)
    |(?P<newline>\n)
    |(?P<string>"(?:[^"\\\n]|\\.)*")
    |(?P<reg>%\d+(?:\.\w+)?)
    |(?P<object>\$\d+(?:\.\w+)?)
    |(?P<sym>@(?:[A-Za-z_][\w.]*|(?=")))
    |(?P<number>-?(?:inf|nan)\b|-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)
    |(?P<arrow>->)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<punct>[\[\](){}:=,!?-])""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|.)")
_MNEMONIC = {op.value.mnemonic: op for op in Op}
_UNTYPED: IRType = struct(PTR, PTR, PTR, PTR, PTR, PTR, PTR, BOOL)  # means "not seen yet"; compared by identity


class Token:
    """A lexical element with its position."""

    __slots__ = ("kind", "line", "text")

    def __init__(self, kind: str, text: str, line: int) -> None:
        self.kind, self.text, self.line = kind, text, line


def _tokens(text: str) -> Iterator[Token]:
    at, line = 0, 1
    while at < len(text):
        m = _TOKEN.match(text, at)
        if m is None:
            raise ValueError(f"line {line}: unexpected {text[at : at + 10]!r}")
        kind = m.lastgroup or ""
        if kind != "space":
            yield Token(kind, m.group(), line)
        if kind == "newline":
            line += 1
        at = m.end()
    yield Token("newline", "\n", line)
    yield Token("end", "", line)


def _unescape(m: re.Match[str]) -> str:
    body = m.group(1)
    return chr(int(body[1:], 16)) if body[0] == "x" and len(body) == 3 else body


def _split_name(text: str) -> tuple[int, str]:
    number, _, name = text[1:].partition(".")
    return int(number), name


class Parser:
    """Recursive descent over the token list, with one instance per text."""

    def __init__(self, text: str, types: Mapping[str, Type] | None = None) -> None:
        self.tokens = list(_tokens(text))
        self.at = 0
        self.types: dict[str, Type] = {f"type.{t.name}": t for t in BASIC.values()}
        self.types.update(types or {})
        self.f = Function("")
        self.blocks: dict[int, Block] = {}

    # -- tokens --

    def fail(self, message: str) -> ValueError:
        token = self.tokens[self.at]
        return ValueError(f"line {token.line}: {message}, found {token.text!r}")

    def next(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def peek(self, text: str) -> bool:
        token = self.tokens[self.at]
        return token.text == text and token.kind != "string"

    def accept(self, text: str) -> bool:
        if self.peek(text):
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.accept(text):
            raise self.fail(f"expected {text!r}")

    def kind(self, kind: str) -> str:
        token = self.tokens[self.at]
        if token.kind != kind:
            raise self.fail(f"expected a {kind}")
        self.at += 1
        return token.text

    def is_kind(self, kind: str) -> bool:
        return self.tokens[self.at].kind == kind

    def skip_lines(self) -> None:
        while self.is_kind("newline"):
            self.at += 1

    def integer(self) -> int:
        return int(self.kind("number"))

    def string(self) -> str:
        return _ESCAPE.sub(_unescape, self.kind("string")[1:-1])

    def sym(self) -> str:
        text = self.kind("sym")
        return text[1:] if len(text) > 1 else self.string()

    # -- pieces --

    def type(self) -> IRType:
        if self.accept("{"):
            fields = self.type_list("}")
            return struct(*fields)
        if self.accept("["):
            length = self.integer()
            self.expect("x")
            elem = self.type()
            self.expect("]")
            return array(elem, length)
        name = self.kind("word")
        if name not in SCALARS:
            raise self.fail(f"unknown type {name}")
        return SCALARS[name]

    def type_list(self, end: str) -> list[IRType]:
        types: list[IRType] = []
        while not self.accept(end):
            if types:
                self.expect(",")
            types.append(self.type())
        return types

    def reg(self) -> Reg:
        number, name = _split_name(self.kind("reg"))
        regs = self.f.regs
        while len(regs) <= number:
            self.f.reg(_UNTYPED)
        r = regs[number]
        if name:
            if r.name and r.name != name:
                raise self.fail(f"register {number} is also called {r.name}")
            r.name = name
        return r

    def typed_reg(self) -> Reg:
        r = self.reg()
        if self.accept(":"):
            t = self.type()
            if r.type is not _UNTYPED and r.type is not t:
                raise self.fail(f"{r!r} has two types")
            r.type = t
        return r

    def frame_object(self) -> Object:
        number, _ = _split_name(self.kind("object"))
        if number >= len(self.f.objects):
            raise self.fail(f"no object {number}")
        return self.f.objects[number]

    def block(self) -> Block:
        word = self.kind("word")
        if not re.fullmatch(r"b\d+", word):
            raise self.fail("expected a block")
        number = int(word[1:])
        return self.blocks.setdefault(number, Block(number))

    def position(self, own: str | None) -> Pos:
        file = own
        self.expect("!")
        if self.is_kind("string"):
            file = self.string()
            self.expect(":")
        line = self.integer()
        self.expect(":")
        col = self.integer()
        inlined = Inlined(self.sym(), self.position(own)) if self.accept("in") else None
        return Pos(file or "", line, col, inlined)

    def leaf(self) -> Leaf:
        self.expect("(")
        panics, inline, allocates = [self.accept(w) for w in LEAF_WORDS]
        self.expect("frame")
        frame = self.integer()
        self.expect("depth")
        depth = self.integer()
        self.expect(")")
        return Leaf(panics, inline, allocates, frame, depth)

    def operand(self) -> Operand:
        if self.is_kind("reg"):
            return self.reg()
        if self.is_kind("sym"):
            return Sym(self.sym())
        word = self.kind("word")
        if word in ("true", "false"):
            return Const(BOOL, int(word == "true"))
        if word == "nil":
            return Const(PTR, 0)
        t = SCALARS.get(word)
        if t is None:
            raise self.fail("expected an operand")
        number = self.kind("number")
        if t is F32 or t is F64:
            return Const(t, float(number))
        return Const(t, int(number) & ((1 << (t.size * 8)) - 1))

    def aux(self, op: Op) -> Immediate:
        match op.value.aux:
            case Aux.FIELD | Aux.BYTES:
                return self.integer()
            case Aux.OBJECT:
                return self.frame_object()
            case Aux.TYPE:
                return self.type()
            case Aux.BOUNDS:
                kind = BoundsKind[self.kind("word").upper()]
                return Bounds(kind, self.accept("signed"))
            case Aux.FUNCTION:
                return self.sym()
            case Aux.RUNTIME:
                return self.kind("word")
            case Aux.SHARED:
                self.expect("shared")
                return "shared"
            case Aux.SIGNATURE:
                self.expect("(")
                params = tuple(self.type_list(")"))
                self.expect("(")
                return Signature(params, tuple(self.type_list(")")))
            case Aux.CASES:
                values: list[int] = []
                while not self.peek("]"):
                    if values:
                        self.expect(",")
                    values.append(self.integer())
                return tuple(values)
            case Aux.NONE:
                raise self.fail(f"{op.value.mnemonic} takes nothing in brackets")

    def instr(self, file: str | None) -> Instr:
        dst: list[Reg] = []
        if self.is_kind("reg"):
            dst.append(self.typed_reg())
            while self.accept(","):
                dst.append(self.typed_reg())
            self.expect("=")
        mnemonic = self.kind("word")
        op = _MNEMONIC.get(mnemonic)
        if op is None:
            raise self.fail(f"unknown op {mnemonic}")
        aux: Immediate = None
        if self.accept("["):
            aux = self.aux(op)
            self.expect("]")
        args: list[Operand] = []
        if not (self.is_kind("newline") or self.is_kind("arrow") or self.peek("!")):
            args.append(self.operand())
            while self.accept(","):
                args.append(self.operand())
        targets: list[Block] = []
        if self.accept("->"):
            targets.append(self.block())
            while self.accept(","):
                targets.append(self.block())
        pos = None if self.is_kind("newline") else self.position(file)
        self.kind("newline")
        return Instr(op, tuple(dst), tuple(args), aux, tuple(targets), pos)

    # -- whole things --

    def function(self) -> Function:
        f = self.f = Function("")
        self.blocks = {}
        self.expect("func")
        f.name = self.sym()
        self.expect("(")
        while not self.accept(")"):
            if f.params:
                self.expect(",")
            f.params.append(self.typed_reg())
        self.expect("(")
        f.results = self.type_list(")")
        pending_results = self.header(f)
        self.kind("newline")
        file = f.pos.file if f.pos is not None else None
        self.body(f, file)
        f.result_objects = [None if n is None else f.objects[n] for n in pending_results]
        for r in f.regs:
            if r.type is _UNTYPED:
                raise ValueError(f"function {f.name}: register {r!r} has no type")
        return f

    def header(self, f: Function) -> list[int | None]:
        """Parse the rest of the head after the results, up to the brace; return the numbers of the result objects,
        which are declared later."""
        result_objects: list[int | None] = []
        pragmas: list[str] = []
        while not self.accept("{"):
            if self.peek("!"):
                f.pos = self.position(None)
            elif self.accept("context"):
                f.context = self.reg()
                f.context.type = PTR
            elif self.accept("pragma"):
                pragmas.append(self.string())
            elif self.accept("kind"):
                f.kind = FunctionKind(self.kind("word"))
            elif self.accept("leaf"):
                f.leaf = self.leaf()
            elif self.accept("shown"):
                f.shown = self.string()
            elif self.accept("body_of"):
                f.body_of = self.sym()
            elif self.accept("local"):
                f.local = True
            elif self.accept("defers"):
                f.has_defer = True
            else:
                self.expect("result_objects")
                self.expect("(")
                while not self.accept(")"):
                    if result_objects:
                        self.expect(",")
                    result_objects.append(None if self.accept("-") else _split_name(self.kind("object"))[0])
        f.pragmas = tuple(pragmas)
        return result_objects

    def body(self, f: Function, file: str | None) -> None:
        current: Block | None = None
        while not self.accept("}"):
            if self.is_kind("newline"):
                self.at += 1
            elif self.accept("object"):
                number, name = _split_name(self.kind("object"))
                self.expect(":")
                if number != len(f.objects):
                    raise self.fail("objects are numbered in order")
                f.object(self.type(), name)
            elif self.accept("reg"):
                self.typed_reg()
            elif self.is_kind("word") and self.tokens[self.at + 1].text == ":":
                current = self.block()
                self.expect(":")
                if current in f.blocks:
                    raise self.fail(f"{current!r} is there twice")
                f.blocks.append(current)
            elif current is None:
                raise self.fail("expected a block")
            else:
                current.instrs.append(self.instr(file))
        for block in self.blocks.values():
            if block not in f.blocks:
                raise self.fail(f"{block!r} is not defined in {f.name}")

    def global_(self) -> Global:
        self.expect("global")
        g = Global(self.sym(), self.type())
        g.readonly = self.accept("readonly")
        if self.accept("="):
            g.data = self.string().encode("latin-1")
        if self.accept("{"):
            relocs: list[tuple[int, Sym]] = []
            while not self.accept("}"):
                if relocs:
                    self.expect(",")
                at = self.integer()
                self.expect(":")
                relocs.append((at, Sym(self.sym())))
            g.relocs = tuple(relocs)
        return g

    def go_type(self) -> Type:
        name = self.sym()
        t = self.types.get(name)
        if t is None:
            raise self.fail(f"no Go type given for {name}")
        return t

    def module(self) -> Module:
        m = Module("main")
        while True:
            self.skip_lines()
            if self.is_kind("end"):
                return m
            if self.peek("func"):
                f = self.function()
                m.functions[f.name] = f
            elif self.peek("global"):
                g = self.global_()
                m.globals[g.name] = g
            elif self.accept("module"):
                m.name = self.string()
            elif self.accept("gotype"):
                start = self.at
                name = self.sym()
                self.at = start
                m.go_types[name] = self.go_type()
            elif self.accept("itab"):
                name = self.sym()
                m.itabs[name] = (self.go_type(), self.go_type())
            elif self.accept("method"):
                name = self.sym()
                entry = MethodEntry(self.string(), self.string(), self.go_type(), self.sym())
                m.methods.setdefault(name, []).append(entry)
            else:
                raise self.fail("expected module, gotype, itab, method, global or func")


def parse_module(text: str, types: Mapping[str, Type] | None = None) -> Module:
    """Parse a whole module. `types` maps symbols of the form `type.<string>` to Go types; basic types are
    predefined."""
    return Parser(text, types).module()


def parse_function(text: str) -> Function:
    """Parse one function."""
    p = Parser(text)
    p.skip_lines()
    return p.function()
