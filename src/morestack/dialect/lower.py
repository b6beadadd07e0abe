"""The dialect's compiler: modules -> one LLVM module, as text.

The same modules always give the same text. An exported function is a hidden symbol `runtime.<name>`. It has a cell
`cell.<name>`, a hidden variable through which compiled Go code calls it. Everything else is internal, so LLVM may
inline or drop it. One symbol is visible from outside: `dialect.table`, an array of addresses in the order of
`table_of` (cells, then functions, then statics). Python uses it to find them in a loaded object.
"""

import ast
from collections import Counter
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from morestack.dialect import machine
from morestack.dialect.kinds import NORETURN, VOID, IntKind
from morestack.dialect.lower_call import CallLowerer, extension
from morestack.dialect.lower_expr import Output
from morestack.dialect.subset import Function, Program, check_modules
from morestack.llvm.target import HEADER
from morestack.llvm.text import cell_symbol, quote, runtime_symbol, text_bytes

TABLE = "dialect.table"
SMALL = 25
"""A function of at most this many instructions, not counting loads of variables, is always inlined."""
_ABORT = """\
define internal void @dialect_abort(ptr %file, i32 %line, ptr %why) cold noinline noreturn nounwind {
  call i32 (i32, ptr, ...) @dprintf(i32 2, ptr @.abort, ptr %file, i32 %line, ptr %why)
  call void @_exit(i32 2)
  unreachable
}
"""
_ABORT_FORMAT = b"morestack runtime: %s:%d: %s\n"


@dataclass(frozen=True, slots=True)
class Table:
    """The contents of `dialect.table`: names of exported functions (their cells), of all functions whose addresses
    it lists, and of statics as (module name, static name)."""

    cells: tuple[str, ...]
    functions: tuple[str, ...]
    statics: tuple[tuple[str, str], ...]


class FunctionLowerer(CallLowerer):
    """Statements of one function."""

    def __init__(self, out: Output, function: Function, file: str) -> None:
        super().__init__(out, function, file)
        self.exits: list[tuple[str, str]] = []  # of the enclosing loops: the targets of break and continue
        self.used: set[str] = set()  # the loop exits that a break reaches

    def lower(self, linkage: str) -> list[str]:
        """The function's definition."""
        f, sig = self.function, self.function.signature
        params = ", ".join(f"{k.llvm} %{n}.p" for n, k in zip(sig.names, sig.params, strict=True))
        for name, kind in self.facts.locals.items():
            self.emit(f"%{name}.v = alloca {kind.llvm}")
        for name, kind in zip(sig.names, sig.params, strict=True):
            self.emit(f"store {kind.llvm} %{name}.p, ptr %{name}.v")
        live = self.block(f.node.body)
        if live:
            self.emit("ret void" if sig.result is VOID else "unreachable")
        attributes = "nounwind null_pointer_is_valid"
        if f.live.__dict__.get("dialect_noinline"):
            attributes += " noinline"
        if sig.result is NORETURN:
            attributes += " noreturn cold"
        elif not f.exported and "noinline" not in attributes and self.is_inlined():
            attributes += " alwaysinline"
        head = f"define {linkage} {extension(sig.result)}{sig.result.llvm} {quote(f.symbol)}({params}) {attributes} {{"
        return [head, "entry:", *self.frame, *self.lines, *self.cold, "}", ""]

    def is_inlined(self) -> bool:
        """Whether the body replaces every call, without asking LLVM's cost model."""
        live = self.function.live
        return bool(live.__dict__.get("dialect_inline")) or self.out.calls[id(live)] == 1 or self.is_small()

    def is_small(self) -> bool:
        """Whether the function is so short that a call would cost as much as its body."""
        return sum(" = load " not in line and " alloca " not in line for line in self.lines) <= SMALL

    def block(self, body: list[ast.stmt]) -> bool:
        """Lower statements, except those that control cannot reach; return whether control reaches the end."""
        return all(self.statement(stmt) for stmt in body)  # all() stops at the first that returns False

    def statement(self, stmt: ast.stmt) -> bool:
        """Lower a statement; return whether control continues after it."""
        facts = self.facts
        match stmt:
            case ast.Assign(targets=[target], value=value):
                self.assign(target, self.expr(value))
            case ast.AnnAssign(target=target, value=value):
                if value is not None:
                    self.assign(target, self.expr(value))
            case ast.AugAssign():
                self.augmented(stmt)
            case ast.Expr(value=ast.Call(func=ast.Name(id="breakpoint"))):
                pass
            case ast.Expr(value=ast.Call() as call):
                self.expr(call)
                if facts.kinds[call] is NORETURN:
                    self.emit("unreachable")
                    return False
            case ast.Return(value=value):
                kind = self.function.signature.result
                self.emit("ret void" if kind is VOID or value is None else f"ret {kind.llvm} {self.expr(value)}")
                return False
            case ast.If():
                return self.branch(stmt)
            case ast.While():
                return self.loop(stmt)
            case ast.For():
                self.counted(stmt)
            case ast.Assert(test=test, msg=msg):
                failed = self.let(f"xor i1 {self.expr(test)}, true")
                text = f": {msg.value!s}" if isinstance(msg, ast.Constant) else ""
                self.abort_if(failed, stmt, "assertion failed" + text)
            case ast.Break():
                self.emit(f"br label %{self.exits[-1][0]}")
                self.used.add(self.exits[-1][0])
                return False
            case ast.Continue():
                self.emit(f"br label %{self.exits[-1][1]}")
                return False
            case _:  # a docstring, pass
                pass
        return True

    def assign(self, target: ast.expr, value: str) -> None:
        """Store to a variable or a place in memory."""
        kind = self.facts.kinds[target]
        if isinstance(target, ast.Name):
            self.emit(f"store {kind.llvm} {value}, ptr %{target.id}.v")
        else:
            self.store(kind, self.place(target), value)

    def augmented(self, stmt: ast.AugAssign) -> None:
        """Lower an augmented assignment. The place is evaluated once, before the value."""
        kind, target = self.facts.kinds[stmt.target], stmt.target
        other = self.facts.kinds[stmt.value]
        if isinstance(target, ast.Name):
            before = self.let(f"load {kind.llvm}, ptr %{target.id}.v")
            result = self.binary(stmt, stmt.op, kind, before, other, self.expr(stmt.value), False)
            self.emit(f"store {kind.llvm} {result}, ptr %{target.id}.v")
            return
        place = self.place(target)
        before = self.load(kind, place)
        self.store(kind, place, self.binary(stmt, stmt.op, kind, before, other, self.expr(stmt.value), False))

    def branch(self, stmt: ast.If) -> bool:
        """if/elif/else."""
        yes, no, done = self.new_label("then"), self.new_label("else"), self.new_label("endif")
        self.emit(f"br i1 {self.expr(stmt.test)}, label %{yes}, label %{no}")
        self.start(yes)
        body_live = self.block(stmt.body)
        if body_live:
            self.emit(f"br label %{done}")
        self.start(no)
        else_live = self.block(stmt.orelse)
        if else_live:
            self.emit(f"br label %{done}")
        if body_live or else_live:
            self.start(done)
        return body_live or else_live

    def loop(self, stmt: ast.While) -> bool:
        """while."""
        head, body, done = self.new_label("while"), self.new_label("body"), self.new_label("done")
        self.emit(f"br label %{head}")
        self.start(head)
        forever = isinstance(stmt.test, ast.Constant)
        if forever and stmt.test.value is True:  # type: ignore[attr-defined]
            self.emit(f"br label %{body}")
        else:
            forever = False
            self.emit(f"br i1 {self.expr(stmt.test)}, label %{body}, label %{done}")
        self.start(body)
        self.exits.append((done, head))
        if self.block(stmt.body):
            self.emit(f"br label %{head}")
        self.exits.pop()
        if forever and done not in self.used:
            return False
        self.start(done)
        return True

    def counted(self, stmt: ast.For) -> None:
        """for over range. The trip count is computed first, so nothing wraps around at the end of the type."""
        assert isinstance(stmt.iter, ast.Call) and isinstance(stmt.target, ast.Name)
        args = stmt.iter.args
        kind = self.facts.kinds[stmt.target]
        assert isinstance(kind, IntKind)
        ty, sign = kind.llvm, "s" if kind.signed else "u"
        values = [self.expr(a) for a in args[:2]]
        first, stop = values if len(values) == 2 else ("0", values[0])
        step = int(self.facts.consts[args[2]]) if len(args) == 3 else 1
        low, high = (first, stop) if step > 0 else (stop, first)
        span = self.let(f"sub {ty} {high}, {low}")
        if abs(step) != 1:
            short = self.let(f"udiv {ty} {self.let(f'sub {ty} {span}, 1')}, {abs(step)}")
            span = self.let(f"add {ty} {short}, 1")
        trips = self.let(f"select i1 {self.let(f'icmp {sign}lt {ty} {low}, {high}')}, {ty} {span}, {ty} 0")
        before = self.label
        head, body, step_label, done = (self.new_label(n) for n in ("for", "body", "next", "done"))
        self.emit(f"br label %{head}")
        self.start(head)
        self.counter += 1
        count, value = f"%n.{self.counter}", f"%i.{self.counter}"
        self.emit(f"{count} = phi {ty} [0, %{before}], [{count}x, %{step_label}]")
        self.emit(f"{value} = phi {ty} [{first}, %{before}], [{value}x, %{step_label}]")
        self.emit(f"br i1 {self.let(f'icmp ne {ty} {count}, {trips}')}, label %{body}, label %{done}")
        self.start(body)
        self.emit(f"store {ty} {value}, ptr %{stmt.target.id}.v")
        self.exits.append((done, step_label))
        if self.block(stmt.body):
            self.emit(f"br label %{step_label}")
        self.exits.pop()
        self.start(step_label)
        self.emit(f"{count}x = add {ty} {count}, 1")
        self.emit(f"{value}x = add {ty} {value}, {step}")
        self.emit(f"br label %{head}")
        self.start(done)


def table_of(modules: list[ModuleType], every_function: bool = False) -> Table:
    """Return the order of `dialect.table`. It needs only the live modules, so a cached object needs no compilation."""
    names: list[tuple[str, Any]] = [
        (n, v)
        for m in modules
        for n, v in vars(m).items()
        if getattr(v, "__module__", "") == m.__name__ and hasattr(v, "__code__") and v.__name__ == n
    ]
    exported = tuple(n for n, v in names if v.__dict__.get("dialect_export"))
    every = tuple(f"{v.__module__}.{n}" for n, v in names if not v.__dict__.get("dialect_signature"))
    statics = tuple((m.__name__, name) for m in modules for name in machine.statics_of(m))
    return Table(exported, every if every_function else (), statics)


def compile_modules(modules: list[ModuleType], *, checked: bool = False, every_function: bool = False) -> str:
    """Return the LLVM module of dialect modules that import each other, or raise DialectError.

    With `checked`, the code traps where CPython would fault. With `every_function`, the table lists all functions, for
    tests.
    """
    return lower_program(check_modules(modules), modules, checked, every_function)


def lower_program(program: Program, modules: list[ModuleType], checked: bool, every_function: bool) -> str:
    """Return the LLVM module of a checked program."""
    table = table_of(modules, every_function)
    by_name = {m.__name__: m for m in modules}
    static_names = {id(vars(by_name[m])[n]): f"py.{m.rpartition('.')[2]}.{n}" for m, n in table.statics}
    calls = Counter(id(callee) for f in program.functions for _, callee in f.facts.calls)
    out = Output(checked, static_names, {id(f.live): f.symbol for f in program.functions}, calls)
    bodies: list[str] = []
    listed: dict[str, Function] = {}
    for f in program.functions:
        listed[f"{f.source.module.__name__}.{f.node.name}"] = f
        lowerer = FunctionLowerer(out, f, f.source.module.__name__.replace(".", "/") + ".py")
        bodies += lowerer.lower("hidden" if f.exported else "internal")
    lines: list[str] = []
    for m, name in table.statics:
        var: Any = vars(by_name[m])[name]
        size, align = var.kind.size, max(var.kind.align, 16)
        lines.append(f"{quote(static_names[id(var)])} = internal global [{size} x i8] zeroinitializer, align {align}")
    for name in table.cells:
        lines.append(f"{quote(cell_symbol(name))} = hidden global ptr {quote(runtime_symbol(name))}")
    entries = [quote(cell_symbol(n)) for n in table.cells]
    entries += [quote(listed[n].symbol) for n in table.functions]
    entries += [quote(static_names[id(vars(by_name[m])[n])]) for m, n in table.statics]
    body = ", ".join("ptr " + e for e in entries)
    lines.append(f"{quote(TABLE)} = constant [{len(entries)} x ptr] [{body}]")
    out.declare("dprintf", "declare i32 @dprintf(i32, ptr, ...) nounwind")
    out.declare("_exit", "declare void @_exit(i32) noreturn nounwind")
    for data, name in out.literals.items():
        lines.append(f'{name} = private unnamed_addr constant [{len(data) + 1} x i8] c"{text_bytes(data)}\\00"')
    lines.append(
        f'@.abort = private unnamed_addr constant [{len(_ABORT_FORMAT) + 1} x i8] c"{text_bytes(_ABORT_FORMAT)}\\00"'
    )
    defined = {f.symbol for f in program.functions}
    lines += [text for name, text in out.declarations.items() if name not in defined]
    return "\n".join([*HEADER, *lines, "", *bodies, _ABORT, '!0 = !{!"branch_weights", i32 1, i32 100000}', ""])
