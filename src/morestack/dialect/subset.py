"""The checker: accepts exactly the dialect, and collects the facts that the compiler needs.

A rejected statement does not hide violations in the next one. All violations are collected and raised together, as one
DialectError whose lines read `file.py:line:col: rule N: message`. docs/dialect.md numbers the rules.

A variable has one kind in the whole function, and is assigned on every path before it is read. (Otherwise CPython would
raise an exception, and native code would read zero.) The same walk decides whether control can reach the end of a
function.
"""

import ast
import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from morestack.dialect import machine
from morestack.dialect.callback import NativeFunction, Signature
from morestack.dialect.kinds import NORETURN, U64, VOID, IntKind, Kind, ScalarKind
from morestack.dialect.subset_call import CallChecker
from morestack.dialect.subset_expr import UNTYPED, ExprChecker, Facts, ModuleSource, Reject, is_function, is_struct
from morestack.llvm.text import runtime_symbol

NOSPLIT_DEPTH = 24
"""The most calls that may be nested below a @nosplit function."""
MAX_NESTING = 200
"""The most levels of a function's syntax tree, over which checker and compiler recurse."""


class DialectError(Exception):
    """The violations found, one per line."""


@dataclass(slots=True)
class Function:
    """A checked function."""

    source: ModuleSource
    node: ast.FunctionDef
    live: Any
    signature: Signature
    facts: Facts

    @property
    def exported(self) -> bool:
        """Whether compiled Go code calls it."""
        return bool(self.live.__dict__.get("dialect_export"))

    @property
    def symbol(self) -> str:
        """Its symbol in the object."""
        return runtime_symbol(self.node.name) if self.exported else f"py.{self.source.short}.{self.node.name}"


@dataclass(slots=True)
class Program:
    """Checked modules."""

    sources: list[ModuleSource]
    functions: list[Function]


class FunctionChecker(CallChecker):
    """Statements of one function."""

    def __init__(self, source: ModuleSource, sources: dict[str, ModuleSource], errors: list[str]) -> None:
        super().__init__(source, sources)
        self.errors = errors
        self.result: Kind = VOID
        self.loops: list[list[set[str]]] = []

    def check(self, node: ast.FunctionDef, live: Any) -> Function:
        """Check a whole function."""
        sig = self.signature(node, live)
        if node.args.defaults or node.args.posonlyargs or node.args.kwonlyargs or node.args.vararg or node.args.kwarg:
            raise Reject(node, 9, "parameters are plain, without defaults")
        self.facts.locals.update(zip(sig.names, sig.params, strict=True))
        self.assigned.update(sig.names)
        self.stores = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        self.result = sig.result
        if self.block(node.body) and sig.result is not VOID:
            what = "returns" if sig.result is NORETURN else "can end without returning a value"
            self.report(Reject(node, 9, f"{node.name} {what}"))
        return Function(self.source, node, live, sig, self.facts)

    def report(self, reject: Reject) -> None:
        """Collect a violation."""
        if not reject.message:
            return
        line, col = getattr(reject.node, "lineno", 1), getattr(reject.node, "col_offset", 0) + 1
        self.errors.append(f"{self.source.path}:{line}:{col}: rule {reject.rule}: {reject.message}")

    def block(self, body: Iterable[ast.stmt]) -> bool:
        """Check statements; return whether control can reach the end."""
        live = True
        for stmt in body:
            try:
                live = self.statement(stmt) and live
            except Reject as reject:
                self.report(reject)
                # report a mistake once: variables without a kind are not mentioned again
                self.poisoned |= {n.id for n in ast.walk(stmt) if isinstance(n, ast.Name) and n.id in self.stores}
                live = live and not isinstance(stmt, ast.Return)
        return live

    def statement(self, stmt: ast.stmt) -> bool:
        """Check a statement; return whether control can continue after it."""
        match stmt:
            case ast.Assign(targets=[target], value=value):
                self.assign(stmt, target, value)
            case ast.AnnAssign(target=ast.Name() as target, value=value, annotation=annotation):
                kind = self.type_of(annotation)
                if value is None:
                    self.declare(target, kind)
                else:
                    self.value(value, kind)
                    self.store_name(target, kind)
            case ast.AugAssign():
                self.augmented(stmt)
            case ast.Expr(value=ast.Constant(value=value)) if isinstance(value, str) or value is ...:
                pass
            case ast.Expr(value=ast.Call(func=ast.Name(id="breakpoint"), args=[], keywords=[])):
                pass  # for CPython
            case ast.Expr(value=ast.Call() as call):
                return self.expr(call) is not NORETURN
            case ast.Return():
                return self.returns(stmt)
            case ast.If():
                return self.branch(stmt)
            case ast.While():
                return self.loop(stmt)
            case ast.For():
                return self.counted(stmt)
            case ast.Assert(test=test):
                self.condition(test)
                if stmt.msg is not None and not isinstance(stmt.msg, ast.Constant):
                    raise Reject(stmt.msg, 9, "the message of an assert is a literal")
            case ast.Pass():
                pass
            case ast.Break() | ast.Continue():
                if isinstance(stmt, ast.Break):
                    self.loops[-1].append(set(self.assigned))
                return False
            case _:
                rule = 7 if isinstance(stmt, ast.Assign) else 9
                raise Reject(stmt, rule, f"{self.describe(stmt)} is not in the dialect")
        return True

    @staticmethod
    def describe(stmt: ast.stmt) -> str:
        """The word for a rejected kind of statement."""
        if isinstance(stmt, ast.Assign):
            return "assignment to several targets"
        return {"Try": "try", "With": "with", "Raise": "raise", "FunctionDef": "a nested function"}.get(
            type(stmt).__name__, type(stmt).__name__
        )

    def returns(self, stmt: ast.Return) -> bool:
        """Check a return."""
        if self.result is NORETURN:
            raise Reject(stmt, 9, "a function that never returns returns")
        if stmt.value is None or (isinstance(stmt.value, ast.Constant) and stmt.value.value is None):
            if self.result is not VOID:
                raise Reject(stmt, 3, f"{self.result.name} is returned")
        elif self.result is VOID:
            raise Reject(stmt, 3, "the function returns None")
        else:
            self.value(stmt.value, self.result)
        return False

    def declare(self, target: ast.Name, kind: Kind) -> None:
        """Give a variable its kind, which never changes."""
        before = self.facts.locals.setdefault(target.id, kind)
        if before != kind:
            raise Reject(target, 3, f"{target.id} is {before.name}, this is {kind.name}{self.hint(kind, before)}")

    def store_name(self, target: ast.Name, kind: Kind) -> None:
        """Assign to a variable."""
        if kind is VOID or kind is NORETURN:
            raise Reject(target, 9, "the function returns no value")
        self.declare(target, kind)
        self.facts.kinds[target] = kind
        self.assigned.add(target.id)

    def assign(self, stmt: ast.Assign, target: ast.expr, value: ast.expr) -> None:
        """target = value."""
        if isinstance(target, ast.Name):
            want = self.facts.locals.get(target.id)
            found = self.expr(value)
            if found is UNTYPED:
                if want is None:
                    raise Reject(value, 3, f"a literal needs a type here: {target.id} = u64(...)")
                self.coerce(value, want)
                found = want
            self.store_name(target, found)
            return
        if not isinstance(target, (ast.Attribute, ast.Subscript)):
            raise Reject(stmt, 7, "assignment to several targets is not in the dialect")
        found = self.expr(value)  # rule 7: the value is evaluated first
        kind = self.place(target)
        if found is UNTYPED:
            self.coerce(value, kind)
        elif found != kind:
            raise Reject(value, 3, f"{kind.name} wanted, this is {found.name}{self.hint(found, kind)}")

    def place(self, target: ast.Attribute | ast.Subscript) -> Kind:
        """The kind of a place in memory that is assigned to."""
        kind = self.expr(target)
        if not isinstance(kind, ScalarKind):
            raise Reject(target, 6, f"there are no {kind.name} values to assign; copy with memmove")
        if isinstance(target, ast.Attribute) and target.attr in ("addr", "ptr", "at"):
            if target.value in self.facts.objects or not is_field(self, target):
                raise Reject(target, 9, f".{target.attr} cannot be assigned")
        return kind

    def augmented(self, stmt: ast.AugAssign) -> None:
        """target op= value, which is checked as target = target op value."""
        if not isinstance(stmt.target, (ast.Name, ast.Attribute, ast.Subscript)):
            raise Reject(stmt, 7, "assignment to several targets is not in the dialect")
        both = ast.copy_location(ast.BinOp(left=stmt.target, op=stmt.op, right=stmt.value), stmt)
        kind = self.expr(both)
        if isinstance(stmt.target, (ast.Attribute, ast.Subscript)):
            self.place(stmt.target)
        elif stmt.target.id not in self.facts.locals:
            raise Reject(stmt, 9, f"{stmt.target.id} is a constant of the module")
        if kind != self.facts.kinds[stmt.target]:
            raise Reject(stmt, 3, f"{self.facts.kinds[stmt.target].name} wanted, this is {kind.name}")

    def branch(self, stmt: ast.If) -> bool:
        """if/elif/else."""
        self.condition(stmt.test)
        before = set(self.assigned)
        body_live = self.block(stmt.body)
        after_body, self.assigned = self.assigned, before
        else_live = self.block(stmt.orelse)
        self.assigned = self.merge([s for s, live in ((after_body, body_live), (self.assigned, else_live)) if live])
        return body_live or else_live

    def merge(self, paths: list[set[str]]) -> set[str]:
        """The variables assigned on every path. With no paths, all of them: the code that follows is unreachable."""
        return set.intersection(*paths) if paths else set(self.facts.locals)

    def loop(self, stmt: ast.While) -> bool:
        """while."""
        if stmt.orelse:
            raise Reject(stmt, 9, "a loop has no else")
        forever = isinstance(stmt.test, ast.Constant) and stmt.test.value is True
        self.condition(stmt.test)
        before = set(self.assigned)
        self.loops.append([] if forever else [before])
        self.block(stmt.body)
        exits = self.loops.pop()
        self.assigned = self.merge(exits)
        return bool(exits)

    def counted(self, stmt: ast.For) -> bool:
        """for i in range(...). The bounds are evaluated once, and i keeps its last value."""
        if stmt.orelse:
            raise Reject(stmt, 9, "a loop has no else")
        call = stmt.iter
        if not isinstance(call, ast.Call) or self.lookup(call.func) is not range or call.keywords:
            raise Reject(stmt, 9, "a for loop runs over range(...)")
        if not isinstance(stmt.target, ast.Name) or not 1 <= len(call.args) <= 3:
            raise Reject(stmt, 9, "a for loop has one variable")
        bounds = call.args[:2]
        kinds = [self.expr(b) for b in bounds]
        typed = [k for k in kinds if k is not UNTYPED]
        kind = typed[0] if typed else self.facts.locals.get(stmt.target.id, U64)
        if not isinstance(kind, IntKind):
            raise Reject(call, 3, f"range counts integers, not {kind.name}")
        for bound, found in zip(bounds, kinds, strict=True):
            if found is UNTYPED:
                self.coerce(bound, kind)
            elif found != kind:
                raise Reject(bound, 3, f"{kind.name} wanted, this is {found.name}{self.hint(found, kind)}")
        if len(call.args) == 3:
            self.expr(call.args[2])
            step = self.facts.consts.get(call.args[2])
            if not isinstance(step, int) or step == 0 or abs(step) > kind.high:
                raise Reject(call.args[2], 9, "the step of a range is a literal, not 0")
        before = set(self.assigned)
        self.store_name(stmt.target, kind)
        self.loops.append([before])
        self.block(stmt.body)
        self.assigned = self.merge(self.loops.pop())
        return True


def is_field(checker: ExprChecker, target: ast.Attribute) -> bool:
    """Whether an attribute is a struct field that happens to have the name of a pointer's attribute."""
    return target.attr in getattr(checker.facts.kinds.get(target.value), "fields", {})


def read_source(module: ModuleType) -> ModuleSource:
    """Parse a module and list its functions and the declared kinds of its constants."""
    path = inspect.getsourcefile(module) or module.__name__
    with open(path, encoding="utf-8") as f:
        return ModuleSource(module, path, ast.parse(f.read(), path))


def _declared(source: ModuleSource, sources: dict[str, ModuleSource], node: ast.expr) -> Kind:
    """The kind of the value in a constant's declaration."""
    match node:
        case ast.Call(func=func):
            found = ExprChecker(source, sources).lookup(func)
            if isinstance(found, ScalarKind):
                return found
            return U64 if found in (machine.size_of, machine.offset_of, machine.bit_length) else UNTYPED
        case ast.Name() | ast.Attribute():
            return ExprChecker(source, sources).const_kind(node)
        case ast.UnaryOp(operand=operand):
            return _declared(source, sources, operand)
        case ast.BinOp(left=left, right=right):
            kind = _declared(source, sources, left)
            return kind if kind is not UNTYPED else _declared(source, sources, right)
        case _:
            return UNTYPED


def read_module(source: ModuleSource, sources: dict[str, ModuleSource], errors: list[str]) -> None:
    """Check a module's top level, which may contain only declarations."""
    scope = vars(source.module)

    def reject(node: ast.AST, message: str) -> None:
        line, col = getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1
        errors.append(f"{source.path}:{line}:{col}: rule 9: {message}")

    for node in source.tree.body:
        match node:
            case ast.ImportFrom(module=name, names=names):
                origin = sources.get(name or "")
                for alias in names:
                    if origin is not None and alias.name in origin.const_kinds:
                        source.const_kinds[alias.asname or alias.name] = origin.const_kinds[alias.name]
            case ast.Import() | ast.If() | ast.Expr(value=ast.Constant()):
                pass
            case ast.FunctionDef(name=name):
                live = scope.get(name)
                if not is_function(live):
                    reject(node, f"{name} is not a function after its decorators")
                elif not isinstance(live, NativeFunction) and not live.__dict__.get("dialect_signature"):
                    source.functions[name] = node
            case ast.ClassDef(name=name):
                if not is_struct(scope.get(name)):
                    reject(node, f"class {name} is not a @struct")
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                source.const_kinds[name] = _declared(source, sources, value)
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=ast.expr() as value):
                found = ExprChecker(source, sources).lookup(annotation)
                source.const_kinds[name] = found if isinstance(found, ScalarKind) else _declared(source, sources, value)
            case _:
                reject(node, "a module has imports, constants, statics, structs and functions")


def in_import_order(sources: list[ModuleSource]) -> list[ModuleSource]:
    """Put imported modules first (breaking cycles anywhere), so that kinds of constants are known at their uses."""
    by_name = {s.module.__name__: s for s in sources}
    done: dict[str, ModuleSource] = {}

    def visit(source: ModuleSource, above: frozenset[str]) -> None:
        name = source.module.__name__
        if name in done or name in above:
            return
        for node in source.tree.body:
            if isinstance(node, ast.ImportFrom) and node.module in by_name:
                visit(by_name[node.module], above | {name})
        done[name] = source

    for source in sources:
        visit(source, frozenset())
    return list(done.values())


def nesting(node: ast.AST) -> int:
    """The number of levels of a syntax tree, counted without recursion."""
    levels = 0
    level: list[ast.AST] = [node]
    while level:
        level = [child for parent in level for child in ast.iter_child_nodes(parent)]
        levels += 1
    return levels


def check_modules(modules: list[ModuleType]) -> Program:
    """Check modules that are compiled together, or raise DialectError."""
    listed = [read_source(m) for m in modules]
    sources = {s.module.__name__: s for s in listed}
    errors: list[str] = []
    shorts: dict[str, str] = {}
    for source in listed:
        other = shorts.setdefault(source.short, source.module.__name__)
        if other != source.module.__name__:
            errors.append(f"{source.path}:1:1: rule 9: the modules {other} and {source.module.__name__} share a name")
    for source in in_import_order(listed):
        read_module(source, sources, errors)
    functions: list[Function] = []
    exports: dict[str, str] = {}
    for source in listed:
        for name, node in source.functions.items():
            checker = FunctionChecker(source, sources, errors)
            if nesting(node) > MAX_NESTING:
                checker.report(Reject(node, 9, f"{name} nests too deeply"))
                continue
            try:
                function = checker.check(node, vars(source.module)[name])
            except Reject as reject:
                checker.report(reject)
                continue
            functions.append(function)
            if function.exported and exports.setdefault(name, source.short) != source.short:
                checker.report(Reject(node, 9, f"{name} is exported by {exports[name]} too"))
    program = Program(listed, functions)
    if not errors:
        check_nosplit(program, errors)
    if errors:
        raise DialectError("\n".join(errors))
    return program


def check_nosplit(program: Program, errors: list[str]) -> None:
    """Rule 10: below a @nosplit function, calls are known, do not recurse, and nest at most NOSPLIT_DEPTH deep."""
    by_live = {id(f.live): f for f in program.functions}
    depths: dict[int, int] = {}

    def depth(f: Function, above: tuple[int, ...]) -> int:
        key = id(f.live)
        if key in above:
            raise Reject(f.node, 10, f"{f.node.name} recurses below a @nosplit function")
        if key not in depths:
            deepest = 0
            for node, callee in f.facts.calls:
                if callee is machine.call_ptr:
                    raise Reject(node, 10, f"call_ptr in {f.node.name}, which a @nosplit function calls")
                if id(callee) in by_live:
                    deepest = max(deepest, 1 + depth(by_live[id(callee)], (*above, key)))
            depths[key] = deepest
        return depths[key]

    for f in program.functions:
        if not f.live.__dict__.get("dialect_nosplit"):
            continue
        line = f"{f.source.path}:{f.node.lineno}:{f.node.col_offset + 1}: rule 10:"
        try:
            if (found := depth(f, ())) > NOSPLIT_DEPTH:
                errors.append(f"{line} {f.node.name} is @nosplit, its calls nest {found} deep, over {NOSPLIT_DEPTH}")
        except Reject as reject:
            errors.append(f"{line} {f.node.name}: {reject.message}")
