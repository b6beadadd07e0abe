"""One walk over a declaration before analysis: its functions, their locals, what they refer to.

`Program` holds what the builder and the batches need to know ahead: which function each variable lives in,
the variables' only definitions (gc's ReassignOracle), looping labels, which variables loops must renew for
each turn, and the call graph. The walk keeps its own stack, so the depth of a tree does not limit it.
"""

from __future__ import annotations

from collections.abc import Iterator

from morestack.escape.graph import Fn
from morestack.escape.program import OfType, Program, children, func_name
from morestack.escape.typeinfo import is_interface
from morestack.source.span import Span
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import unparen
from morestack.types.core.info import CheckedPackage, Mode, SelectionKind
from morestack.types.core.kinds import has_type_param
from morestack.types.core.objects import Builtin, BuiltinId, Func, Var
from morestack.types.core.types import Array, Chan, Map, Pointer, Signature, Slice, Tuple, Type
from morestack.types.core.under import as_named, deref
from morestack.types.identity.type_params import core_type


def scan(pkg: CheckedPackage) -> Program:
    """Walk the whole package."""
    program = Program(pkg.info)
    walker = _Walker(program)
    init = Fn("init", None, None)
    program.fns.append(init)
    program.refers[init] = []
    for initializer in pkg.info.init_order:
        program.globals_init.append((initializer.lhs, initializer.rhs))
        walker.walk(initializer.rhs, init)
        walker.static_data(initializer.rhs)
    for ref in list(program.refers[init]):
        if isinstance(ref, Fn) and ref.node in program.static and not ref.is_closure:
            program.refers[init].remove(ref)
            program.fns.append(ref)
    instantiated: set[object] = {pkg.info.uses.get(name) for name in pkg.info.instances}
    for func in [*pkg.funcs, *external(pkg)]:
        if func.decl is None or func.name == "_" or func.decl in program.by_node:
            continue
        sig = func.type if isinstance(func.type, Signature) else pkg.info.signatures.get(func.decl)
        fn = Fn(func_name(func), func.decl, sig, func=func, pragmas=func.decl.pragmas)
        fn.is_generic = sig is not None and bool(sig.type_params or sig.recv_type_params)
        fn.is_unused = fn.is_generic and not has_instance(func, sig, instantiated)
        fn.body = func.decl.body.stmts if func.decl.body is not None else None
        walker.declare(fn, func.decl)
        program.fns.append(fn)
        program.by_func[func] = fn
        if func.decl.body is not None:
            walker.walk(func.decl.body, fn)
    return program


def has_instance(func: Func, sig: Signature | None, instantiated: set[object]) -> bool:
    """Is a generic function, or the type a method belongs to, used anywhere?"""
    recv = sig.recv.type if sig is not None and sig.recv is not None else None
    if recv is None:
        return func in instantiated
    base = as_named(deref(recv)[0])
    if base is None:
        return True
    origin = base.origin or base
    return any(not has_type_param(instance) for instance in origin.instances.values())


def end_of_type(t: ast.Expr) -> Span:
    """Where the last name of a type expression is."""
    while True:
        match t:
            case ast.Paren(x=x) | ast.Star(x=x) | ast.Selector(x=x):
                t = x
            case ast.ArrayType(elem=elem) | ast.SliceType(elem=elem) | ast.ChanType(elem=elem):
                t = elem
            case ast.MapType(value=value):
                t = value
            case ast.Index(indices=(*_, last)):
                t = last
            case ast.FuncType(results=(*_, result)):
                t = result.type
            case ast.FuncType(params=(*_, param)):
                t = param.type
            case _:
                return t.span.at(t.span.start)


def external(pkg: CheckedPackage) -> Iterator[Func]:
    """Functions declared without a body."""
    for file in pkg.files:
        for decl in file.decls:
            func = pkg.info.defs.get(decl.name) if isinstance(decl, ast.FuncDecl) and decl.body is None else None
            if isinstance(func, Func):
                yield func


class _Walker:
    """Fills a Program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.info = program.info
        self.closures: dict[Fn, int] = {}
        self.later_calls: set[ast.Expr] = set()
        self.labels: dict[Fn, dict[str, ast.Labeled]] = {}

    def declare(self, fn: Fn, node: ast.FuncDecl | ast.FuncLit) -> None:
        """Enter a function: its parameters and results become variables of it."""
        program = self.program
        program.by_node[node] = fn
        program.refers[fn] = []
        sig = self.info.signatures.get(node, fn.sig)
        fn.sig = sig
        if sig is not None:
            recv = (sig.recv,) if sig.recv is not None and isinstance(node, ast.FuncDecl) else ()
            fn.params = recv + sig.params.vars
            fn.results = sig.results.vars
        for v in fn.params + fn.results:
            program.home[v] = fn

    def walk(self, root: ast.Node, fn: Fn) -> None:
        stack: list[tuple[ast.Node, Fn]] = [(root, fn)]
        while stack:
            node, fn = stack.pop()
            below = self.visit(node, fn)
            if isinstance(node, ast.Range) and below is not fn:
                stack.append((node.body, below))
                stack.extend((n, below) for n in (node.key, node.value) if n is not None)
                stack.append((node.x, fn))
                continue
            stack.extend((child, below) for child in reversed(list(children(node))))

    def visit(self, node: ast.Node, fn: Fn) -> Fn:
        """Note what node tells; the function that the nodes below it are in."""
        match node:
            case ast.Name():
                self.visit_name(node, fn)
            case ast.Call():
                self.visit_call(node, fn)
            case ast.Selector():
                self.visit_selector(node, fn)
            case ast.Return():
                self.visit_return(fn)
            case ast.Define():
                self.visit_define(node, fn)
            case ast.Assign():
                self.visit_assign(node)
            case ast.VarDecl():
                self.visit_var_decl(node, fn)
            case ast.FuncLit():
                return self.visit_func_lit(node, fn)
            case ast.Range():
                return self.visit_range(node, fn)
            case ast.CaseClause():
                self.visit_case(node, fn)
            case ast.TypeSwitch():
                self.visit_type_switch(node)
            case ast.Go(call=call) | ast.Defer(call=call):
                self.later_calls.add(unparen(call))
            case ast.Labeled(label=label):
                self.labels.setdefault(fn, {})[label.text] = node
            case ast.Branch(kind=ast.BranchKind.GOTO, label=ast.Name(text=text)):
                target = self.labels.get(fn, {}).get(text)
                if target is not None:
                    self.program.loop_labels.add(target)
            case _:
                pass
        return fn

    def static_data(self, root: ast.Expr) -> None:
        """Note what a package variable's value lays out before the program runs, as gc does without a word."""
        todo: list[ast.Expr] = [root]
        while todo:
            n = todo.pop()
            x = unparen(n)
            tv = self.info.types.get(x)
            if isinstance(x, ast.Unary) and x.op is ast.UnaryOp.ADDR:
                todo.append(x.x)
            elif isinstance(x, ast.CompositeLit) and tv is not None and not isinstance(core_type(tv.type), Map):
                todo.extend(e.value if isinstance(e, ast.KeyValue) else e for e in x.elements)
            elif not isinstance(x, ast.FuncLit) and (tv is None or tv.mode is not Mode.CONSTANT):
                continue
            self.program.static.update((n, x))

    def local(self, v: object, fn: Fn) -> None:
        if isinstance(v, Var) and not v.is_global and v not in self.program.home:
            self.program.home[v] = fn
            fn.locals.append(v)

    def closure(self, fn: Fn, node: ast.Node) -> Fn:
        outer = fn.outermost()
        number = self.closures[outer] = self.closures.get(outer, 0) + 1
        prefix = "glob." if outer.node is None else outer.name
        name = f"{prefix}.func{number}"
        inner = Fn(name, node, None, parent=fn, is_closure=True)
        self.program.by_node[node] = inner
        self.program.refers[fn].append(inner)
        self.program.refers[inner] = []
        return inner

    def visit_func_lit(self, node: ast.FuncLit, fn: Fn) -> Fn:
        inner = self.closure(fn, node)
        self.declare(inner, node)
        inner.body = node.body.stmts
        captures = list(self.info.captures.get(node, ()))
        self.program.captures[inner] = captures
        self.program.captured.update(captures)
        inner.is_closure = bool(captures)
        return inner

    def visit_range(self, node: ast.Range, fn: Fn) -> Fn:
        tv = self.info.types.get(node.x)
        over_func = tv is not None and isinstance(core_type(tv.type), Signature)
        inner = self.closure(fn, node) if over_func else fn
        if over_func:
            inner.body = node.body.stmts
            self.program.captures[inner] = []
        if node.define:
            for name in (node.key, node.value):
                v = self.info.defs.get(name) if isinstance(name, ast.Name) else None
                self.local(v, inner)
                if isinstance(v, Var):
                    self.program.func_values[v] = None
        else:
            for lhs in (node.key, node.value):
                if lhs is not None:
                    self.assigned(lhs, None)
        core = core_type(tv.type) if tv is not None else None
        if isinstance(core, Pointer):
            core = core_type(core.elem)
        parts: list[Type | None] = [None, None]
        if isinstance(core, Map):
            parts = [core.key, core.elem]
        elif isinstance(core, Array | Slice):
            parts[1] = core.elem
        elif isinstance(core, Chan):
            parts[0] = core.elem
        for lhs, part in zip((node.key, node.value), parts, strict=True):
            defined: object = self.info.defs.get(lhs) if node.define and isinstance(lhs, ast.Name) else None
            ranged = defined or (self.target(lhs) if lhs is not None else None)
            if isinstance(ranged, Var) and not ranged.is_global and is_interface(ranged.type):
                self.program.iface_values.setdefault(ranged, []).append(OfType(part))
        return inner

    def visit_define(self, node: ast.Define, fn: Fn) -> None:
        single = len(node.lhs) == len(node.rhs)
        for i, lhs in enumerate(node.lhs):
            v = self.info.defs.get(lhs) if isinstance(lhs, ast.Name) else None
            if isinstance(v, Var):
                self.local(v, fn)
                self.iface_value(v, node.rhs, i, single)
                if single:
                    self.program.definition[v] = node.rhs[i]
                if len(node.lhs) == 1 and single:
                    self.func_value(v, node.rhs[0])
                else:
                    self.program.func_values[v] = None
            else:
                self.assigned(lhs, node.rhs[i] if single and len(node.lhs) == 1 else None)
                self.iface_value(self.target(lhs), node.rhs, i, single)

    def visit_var_decl(self, node: ast.VarDecl, fn: Fn) -> None:
        for i, name in enumerate(node.names):
            v = self.info.defs.get(name)
            self.local(v, fn)
            if not isinstance(v, Var):
                continue
            if node.values:
                self.iface_value(v, node.values, i, len(node.values) == len(node.names))
            if len(node.values) == len(node.names):
                self.program.definition[v] = node.values[i]
            if len(node.names) == 1 and node.values:
                self.func_value(v, node.values[0])
            elif node.values:
                self.program.func_values[v] = None
            else:
                self.func_value(v, None)

    def func_value(self, v: Var, rhs: ast.Expr | None) -> None:
        values = self.program.func_values.setdefault(v, [])
        if values is not None and rhs is not None:
            values.append(rhs)

    def assigned(self, lhs: ast.Expr, rhs: ast.Expr | None) -> None:
        """An assignment to what may be a variable of function type; rhs is None for all but `x = rhs`."""
        name = unparen(lhs)
        v = self.info.uses.get(name) if isinstance(name, ast.Name) else None
        if not isinstance(v, Var) or v.is_global:
            return
        if rhs is None:
            self.program.func_values[v] = None
        else:
            self.func_value(v, rhs)

    def visit_assign(self, node: ast.Assign) -> None:
        for i, lhs in enumerate(node.lhs):
            self.iface_value(self.target(lhs), node.rhs, i, len(node.lhs) == len(node.rhs))
            simple = len(node.lhs) == 1 and len(node.rhs) == 1 and node.op is None
            self.assigned(lhs, node.rhs[0] if simple else None)

    def visit_case(self, node: ast.CaseClause, fn: Fn) -> None:
        v = self.info.implicits.get(node)
        self.local(v, fn)
        if isinstance(v, Var):
            self.program.func_values[v] = None
            # gc places the variable behind the clause's last type
            self.program.spans[v] = end_of_type(node.exprs[-1]) if node.exprs else node.span.at(node.span.start)

    def visit_type_switch(self, node: ast.TypeSwitch) -> None:
        for clause in node.clauses:
            v = self.info.implicits.get(clause)
            if isinstance(v, Var) and is_interface(v.type):
                self.program.iface_values.setdefault(v, []).append(node.x)

    def visit_call(self, node: ast.Call, fn: Fn) -> None:
        fun = unparen(node.fun)
        sel = self.info.selections.get(fun) if isinstance(fun, ast.Selector) else None
        if sel is None or not isinstance(fun, ast.Selector) or sel.kind is not SelectionKind.METHOD:
            return
        if is_interface(sel.recv):
            self.program.iface_calls.setdefault(fn, []).append(node)
            if node in self.later_calls or self.has_calls(fun.x):
                self.program.hidden_receivers.add(node)

    def has_calls(self, root: ast.Expr) -> bool:
        """Does root call or receive, so that gc keeps its value in a temporary?"""
        todo: list[ast.Node] = [root]
        while todo:
            n = todo.pop()
            if isinstance(n, ast.Receive):
                return True
            if isinstance(n, ast.Call):
                kind = self.info.types.get(unparen(n.fun))
                name = unparen(n.fun)
                obj = self.info.uses.get(name) if isinstance(name, ast.Name) else None
                is_new = isinstance(obj, Builtin) and obj.id is BuiltinId.NEW
                if not is_new and (kind is None or kind.mode is not Mode.TYPE):
                    return True
            if not isinstance(n, ast.FuncLit):
                todo.extend(children(n))
        return False

    def target(self, lhs: ast.Expr) -> object:
        """The variable an assignment's left side names."""
        name = unparen(lhs)
        return self.info.uses.get(name) if isinstance(name, ast.Name) else None

    def iface_value(self, v: object, rhs: tuple[ast.Expr, ...], i: int, single: bool) -> None:
        """Note what is assigned to a local of interface type."""
        if not isinstance(v, Var) or v.is_global or not is_interface(v.type):
            return
        values = self.program.iface_values.setdefault(v, [])
        if single:
            values.append(rhs[i])
            return
        source = unparen(rhs[0])
        if isinstance(source, ast.TypeAssert) and i == 0:
            values.append(source)
            return
        tv = self.info.types.get(source)
        t = tv.type if tv is not None else None
        values.append(OfType(t.vars[i].type if isinstance(t, Tuple) and i < len(t.vars) else t))

    def visit_name(self, node: ast.Name, fn: Fn) -> None:
        obj = self.info.uses.get(node)
        if isinstance(obj, Func):
            self.program.refers[fn].append(obj.origin or obj)
        elif isinstance(obj, Var) and fn.parent is not None and not obj.is_global:
            self.used_in_range_body(obj, fn)

    def used_in_range_body(self, v: Var, fn: Fn) -> None:
        """The body of a range over a function is a closure; note what it takes from outside."""
        home = self.program.home.get(v)
        at: Fn | None = fn
        while home is not None and at is not None and at is not home:
            if isinstance(at.node, ast.Range):
                captures = self.program.captures[at]
                if v not in captures:
                    captures.append(v)
                    self.program.captured.add(v)
            at = at.parent

    def visit_return(self, fn: Fn) -> None:
        """From the body of a range over a function, a return stores the results of the function around it."""
        outer = fn
        while isinstance(outer.node, ast.Range) and outer.parent is not None:
            outer = outer.parent
        for v in outer.results if outer is not fn else ():
            self.used_in_range_body(v, fn)

    def visit_selector(self, node: ast.Selector, fn: Fn) -> None:
        sel = self.info.selections.get(node)
        if sel is not None and sel.kind is not SelectionKind.FIELD and isinstance(sel.obj, Func):
            self.program.refers[fn].append(sel.obj.origin or sel.obj)
