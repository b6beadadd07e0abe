"""The checking walk: its state, its order of work, and how it records and reports.

The walk is spread over one module per construct. Every function takes the `Checker` as its first argument, and
`package` drives the walk.

Invariants: an error is reported once; the operand or type it made invalid (`Operand.mode` None, type INVALID) causes
no further errors. Untyped expressions wait in `untyped` until their context decides their type; those left there at
the end keep their untyped type (`const c = 1`). Rejected: one Checker class with all the methods, 3000 lines in one
file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from morestack.source.codes import Code
from morestack.source.diagnostics import Diagnostics
from morestack.source.span import Span
from morestack.syntax import nodes as ast
from morestack.syntax.positions import start_of
from morestack.types.check.importer import Importer
from morestack.types.check.operand import ExprKind, Operand, Target, describe
from morestack.types.const.exact import Value
from morestack.types.core.info import Info, Mode, TypeAndValue
from morestack.types.core.kinds import is_typed
from morestack.types.core.objects import Func, Label, Object, Package, PkgName, TypeName, Var
from morestack.types.core.scope import Scope
from morestack.types.core.types import BOOL, EMPTY_TUPLE, Basic, Named, Signature, Traits, Tuple, Type
from morestack.types.core.universe import UNIVERSE
from morestack.types.identity.typestring import relative_to, type_string

At = ast.Node | Operand | Span
"""Where an error is reported: at the start of a node, of an operand's expression, or at a span."""


@dataclass(eq=False, slots=True)
class DeclInfo:
    """A package-level declaration, or a local one being checked: its place and its dependencies."""

    scope: Scope
    lhs: tuple[Var, ...] = ()  # of `var a, b = f()`
    type: ast.Expr | None = None
    init: ast.Expr | None = None
    iota: int = 0
    inherited: bool = False
    type_decl: ast.TypeDecl | None = None
    func_decl: ast.FuncDecl | None = None
    deps: dict[Object, None] = field(default_factory=dict)


@dataclass(slots=True)
class Environment:
    """The context of the expression or statement being checked."""

    scope: Scope
    decl: DeclInfo | None = None
    iota: int | None = None
    errpos: Span | None = None  # where errors of inherited constant initializers are reported
    sig: Signature | None = None
    func: ast.FuncDecl | ast.FuncLit | None = None
    locals: list[Var] = field(default_factory=list)
    panics: set[ast.Call] = field(default_factory=set)
    has_call_or_recv: bool = False


@dataclass(slots=True)
class UntypedInfo:
    """An untyped expression waiting for its final type."""

    is_lhs: bool  # the left operand of a non-constant shift
    mode: Mode
    type: Basic
    value: Value | None


@dataclass(frozen=True, slots=True)
class Walk:
    """The functions the walk recurses through. `package` stores them in the state, so no construct imports the
    dispatch."""

    expr: Callable[[Checker, ast.Expr, Type | None, Target | None], tuple[Operand, ExprKind]]
    """Check one expression of any kind; return its operand and whether it may stand as a statement."""
    type: Callable[[Checker, ast.Expr, TypeName | None], Type]
    """Check one type expression; the name is the one being declared with this type."""
    stmt: Callable[[Checker, ast.Stmt], None]
    object: Callable[[Checker, Object], None]
    """Give a declared object its type."""
    body: Callable[[Checker, Body], None]
    """Check the body of a function, once the declarations around it are complete."""
    length: Callable[[Checker, ast.Expr], Operand]
    """Check a single value, such as an array's length: type expressions contain expressions."""


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a function, and the declaration to which its dependencies belong."""

    owner: ast.FuncDecl | ast.FuncLit
    type: ast.FuncType
    block: ast.Block
    sig: Signature
    decl: DeclInfo | None
    iota: int | None = None


class Checker:
    """The state of one package's checking."""

    def __init__(
        self, path: str, files: Sequence[ast.File], diagnostics: Diagnostics, importer: Importer, walk: Walk
    ) -> None:
        self.walk = walk
        self.files = tuple(files)
        self.importer = importer
        self.diagnostics = diagnostics
        self.info = Info()
        self.pkg = Package(path, files[0].package.text if files else "main", Scope(UNIVERSE))
        self.qualifier = relative_to(self.pkg)
        self.pkg_scope = self.pkg.scope or Scope(UNIVERSE)
        self.env = Environment(self.pkg_scope)
        self.decls: dict[Object, DeclInfo] = {}
        self.order: dict[Object, int] = {}
        self.methods: dict[TypeName, list[Func]] = {}
        self.funcs: list[Func] = []
        self.imports: list[PkgName] = []
        self.dot_imports: dict[tuple[Scope, str], PkgName] = {}
        self.untyped: dict[ast.Node, UntypedInfo] = {}
        self.delayed: list[Callable[[], None]] = []
        self.path: list[Object] = []
        self.path_index: dict[Object, int] = {}
        self.func_parents: dict[ast.FuncLit, ast.FuncDecl | ast.FuncLit | None] = {}
        self.captured: dict[ast.FuncLit, dict[Var, None]] = {}
        self.in_type_params = False
        self.valid_types: set[Named] = set()
        self.sized_types: set[Named] = set()
        self.instance_spans: dict[Named, Span] = {}

    # -- describing and reporting ------------------------------------------------------------------

    def show(self, x: Operand) -> str:
        """Describe an operand as messages do."""
        return describe(x, self.qualifier)

    def type_str(self, t: Type) -> str:
        """Name a type as messages do."""
        return type_string(t, self.qualifier)

    def error(self, at: At, code: Code, message: str, *notes: str) -> None:
        """Report an error, unless the message mentions something that was reported before."""
        if self.diagnostics and ("invalid operand" in message or "invalid type" in message):
            return
        if isinstance(at, Span):
            span = at.at(at.start)
        else:
            node = at.expr if isinstance(at, Operand) else at
            span = node.span.at(start_of(node))
        if self.env.errpos is not None:
            span = self.env.errpos
        head, *more = message.split("\n\t")
        if self.diagnostics.items:  # of consecutive equal messages on one line gc keeps the first
            last = self.diagnostics.items[-1]
            same = last.message == head and last.notes == (*more, *notes)
            if same and last.span.file is span.file and last.span.line == span.line:
                return
        self.diagnostics.report(code, span, head, *more, *notes)

    # -- the environment ---------------------------------------------------------------------------

    @contextmanager
    def scope(self, node: ast.Node) -> Iterator[Scope]:
        """A nested scope for node, recorded in `info.scopes`."""
        outer = self.env.scope
        inner = Scope(outer)
        self.info.scopes[node] = inner
        self.env.scope = inner
        try:
            yield inner
        finally:
            self.env.scope = outer

    @contextmanager
    def environment(self, env: Environment) -> Iterator[None]:
        """Check in another environment until the block ends."""
        saved = self.env
        self.env = env
        try:
            yield
        finally:
            self.env = saved

    @contextmanager
    def on_path(self, obj: Object) -> Iterator[None]:
        """Keep obj on the path of declarations being checked, where cycles are found."""
        self.path_index[obj] = len(self.path)
        self.path.append(obj)
        try:
            yield
        finally:
            self.path.pop()
            del self.path_index[obj]

    def lookup(self, name: str) -> Object | None:
        return self.env.scope.lookup_parent(name)

    def add_dependency(self, obj: Object) -> None:
        """Note that the declaration being checked uses a package-level object."""
        if self.env.decl is not None and obj in self.decls:
            self.env.decl.deps[obj] = None

    def later(self, action: Callable[[], None]) -> None:
        """Run action once the declarations being checked are complete."""
        self.delayed.append(action)

    def process_delayed(self, top: int) -> None:
        """Run the delayed actions from number `top` on; these may delay further actions."""
        at = top
        while at < len(self.delayed):
            action = self.delayed[at]
            at += 1
            action()
        del self.delayed[top:]

    # -- the recursion -----------------------------------------------------------------------------

    def stmt(self, s: ast.Stmt) -> None:
        """Check one statement, and the function literals in it."""
        top = len(self.delayed)
        self.walk.stmt(self, s)
        if len(self.delayed) > top:
            self.process_delayed(top)

    def stmts(self, stmts: Sequence[ast.Stmt]) -> None:
        """Check statements in the current scope."""
        for s in stmts:
            self.stmt(s)

    def object_decl(self, obj: Object) -> None:
        """Give obj its type, unless it has one."""
        self.walk.object(self, obj)

    def type_expr(self, e: ast.Expr, def_: TypeName | None = None) -> Type:
        """Return the type e denotes, generic or not, INVALID after an error; def_ is the name being declared with
        this type."""
        return self.walk.type(self, e, def_)

    # -- recording ---------------------------------------------------------------------------------

    def declare(self, scope: Scope, name: ast.Name | None, obj: Object) -> None:
        """Declare obj in scope, or report a redeclaration."""
        other = scope.insert(obj)
        if other is not None:
            at = obj.span or (name.span if name is not None else None)
            if at is not None:
                self.error(at, Code.DUPLICATE_DECL, f"{obj.name} redeclared in this block", *other_declaration(other))
            return
        if isinstance(obj, Var) and not obj.is_field and obj.name != "_":
            self.env.locals.append(obj)
        if name is not None:
            self.info.defs[name] = obj

    def record(self, x: Operand) -> None:
        """Record a finished expression, or remember it as untyped."""
        if x.mode is None:
            return
        if x.mode is Mode.NO_VALUE:
            self.info.types[x.expr] = TypeAndValue(x.mode, EMPTY_TUPLE)
        elif isinstance(x.type, Basic) and x.type.traits & Traits.UNTYPED:
            value = x.value if x.mode is Mode.CONSTANT else None
            self.untyped[x.expr] = UntypedInfo(False, x.mode, x.type, value)
        else:
            self.record_type(x.expr, x.mode, x.type, x.value)

    def record_type(self, expr: ast.Node, mode: Mode, type: Type, value: Value | None = None) -> None:
        """Record an expression's mode, type and constant value."""
        self.info.types[expr] = TypeAndValue(mode, type, value if mode is Mode.CONSTANT else None)

    def record_builtin(self, fun: ast.Expr, sig: Type) -> None:
        """Record the signature of a builtin in one call."""
        self.record_type(fun, Mode.BUILTIN, sig)
        while isinstance(fun, ast.Paren):
            fun = fun.x
            self.record_type(fun, Mode.BUILTIN, sig)

    def record_comma_ok(self, expr: ast.Expr, first: Type, second: Type) -> None:
        """Record the type of the pair for an expression in a two-valued context."""
        while True:
            known = self.info.types.get(expr)
            if known is not None:
                second = BOOL if not is_typed(second) else second
                known.type = Tuple((Var("", first), Var("", second)))
            if not isinstance(expr, ast.Paren):
                return
            expr = expr.x

    def record_untyped(self) -> None:
        """Record the untyped types of the expressions whose context never gave them a type."""
        for expr, known in self.untyped.items():
            self.record_type(expr, known.mode, known.type, known.value)
        self.untyped.clear()


def other_declaration(obj: Object | Label) -> tuple[str, ...]:
    """Return gc's note on the earlier declaration a redeclaration collides with."""
    return () if obj.span is None else (f"{obj.span}: other declaration of {obj.name}",)
