"""Statements into flows, and the loop depth that tells which variables are renewed.

Code that gc never compiles is skipped as gc does: the dead branch of a constant condition, statements
after a terminating one (up to the next label). What it allocates then counts as escaping, as does all that
was never seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from morestack.escape import typeinfo as ti
from morestack.escape.flows.defer import DeferBuilder
from morestack.escape.graph import Fn, Hole, Location
from morestack.escape.program import unparen
from morestack.escape.selfassign import is_self_assign
from morestack.escape.text import position
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import BinaryOp, UnaryOp
from morestack.types.core.objects import Builtin, BuiltinId, Var
from morestack.types.core.types import Array, Chan, Interface, Map, Signature, Tuple, Type
from morestack.types.identity.type_params import core_type


class Builder(DeferBuilder):
    """Builds the flows of a function body."""

    def body(self, fn: Fn) -> None:
        """Walk the body of fn, a function of this batch."""
        inner = Builder(self.batch, fn)
        if fn.body is not None:
            inner.block(fn.body)

    # -- lists -------------------------------------------------------------------------------------

    def block(self, stmts: Iterable[ast.Stmt]) -> None:
        """Statements of a block: a loop that a label in it starts ends with it."""
        depth = self.loop_depth
        self.stmts(stmts)
        self.loop_depth = depth

    def stmts(self, stmts: Iterable[ast.Stmt]) -> None:
        items = list(stmts)
        last_label = max((i for i, s in enumerate(items) if isinstance(s, ast.Labeled)), default=-1)
        dead = False
        for i, s in enumerate(items):
            if dead and i > last_label:
                break
            self.stmt(s)
            dead = self.terminates(s)

    def terminates(self, s: ast.Stmt | None) -> bool:
        """gc's cheap test for code that cannot be reached after s."""
        if not isinstance(s, ast.Block | ast.If):
            return self.ends(s)
        known = self.batch.terminating.get(s)  # asked again at every level around it
        if known is None:
            known = self.batch.terminating[s] = self.ends(s)
        return known

    def ends(self, s: ast.Stmt | None) -> bool:
        match s:
            case ast.Branch(kind=ast.BranchKind.GOTO) | ast.Return():
                return True
            case ast.ExprStmt(x=x):
                call = unparen(x)
                name = unparen(call.fun) if isinstance(call, ast.Call) else None
                obj = self.info.uses.get(name) if isinstance(name, ast.Name) else None
                return isinstance(obj, Builtin) and obj.id is BuiltinId.PANIC
            case ast.If(cond=cond, then=then, els=els):
                known = self.static_bool(cond)
                return (known is False or self.terminates(then)) and (known is True or self.terminates(els))
            case ast.Block(stmts=stmts):
                last = next((x for x in reversed(stmts) if not isinstance(x, ast.Empty)), None)
                return self.terminates(last)
            case _:
                return False

    def static_bool(self, n: ast.Expr) -> bool | None:
        """A condition's value if it is known when compiling."""
        n = unparen(n)
        tv = self.info.types.get(n)
        if tv is not None and tv.value is not None:
            return bool(tv.value)
        match n:
            case ast.Unary(op=UnaryOp.NOT, x=x):
                inner = self.static_bool(x)
                return None if inner is None else not inner
            case ast.Binary(op=BinaryOp.LAND, x=x, y=y):
                left, right = self.static_bool(x), self.static_bool(y)
                return False if left is False or right is False else right if left is True else None
            case ast.Binary(op=BinaryOp.LOR, x=x, y=y):
                left, right = self.static_bool(x), self.static_bool(y)
                return True if left is True or right is True else right if left is False else None
            case _:
                return None

    # -- statements --------------------------------------------------------------------------------

    def stmt(self, s: ast.Stmt) -> None:
        match s:
            case ast.ExprStmt(x=x):
                x = unparen(x)
                if isinstance(x, ast.Call) and not self.is_type(unparen(x.fun)):
                    self.call(None, x)
                else:
                    self.discard(x)
            case ast.Assign():
                self.assign(s)
            case ast.Define():
                self.define(s)
            case ast.DeclStmt(decls=decls):
                for d in decls:
                    if isinstance(d, ast.VarDecl):
                        self.var_decl(d)
            case ast.IncDec(x=x):
                self.mark_reassigned([self.addr(x)], ())
            case ast.Return(results=results):
                self.ret(s, results)
            case ast.If():
                self.conditional(s)
            case ast.Block(stmts=stmts):
                self.block(stmts)
            case ast.For():
                self.loop(s)
            case ast.Range():
                self.range_loop(s)
            case ast.Switch():
                self.switch(s)
            case ast.TypeSwitch():
                self.type_switch(s)
            case ast.Select(clauses=clauses):
                for clause in clauses:
                    if clause.comm is not None:
                        self.stmt(clause.comm)
                    self.block(clause.body)
            case ast.Send(ch=ch, value=value):
                self.discard(ch)
                t = self.type_of(ch)
                core = core_type(t) if t is not None else None
                self.assign_heap(value, core.elem if isinstance(core, Chan) else None, "send", s)
            case ast.Go() | ast.Defer():
                self.go_defer(s)
            case ast.Labeled(stmt=inner):
                if s in self.batch.program.loop_labels:
                    self.loop_depth += 1
                self.stmt(inner)
            case ast.Branch() | ast.Empty():
                pass

    def conditional(self, s: ast.If) -> None:
        while True:
            if s.init is not None:
                self.stmt(s.init)
            known = self.static_bool(s.cond)
            self.discard(s.cond)
            if known is not False:
                self.block(s.then.stmts)
            if s.els is None or known is True:
                return
            if not isinstance(s.els, ast.If):
                self.block((s.els,))
                return
            s = s.els  # a chain of `else if`, however long

    # -- assignments -------------------------------------------------------------------------------

    def target_type(self, lhs: ast.Expr) -> Type | None:
        """The type to convert to; None for the blank identifier."""
        lhs = unparen(lhs)
        if isinstance(lhs, ast.Name):
            if lhs.text == "_":
                return None
            v = self.variable(lhs)
            if v is not None:
                return v.type
        return self.type_of(lhs)

    def assign(self, s: ast.Assign) -> None:
        if s.op is not None:
            k = self.addr(s.lhs[0])
            self.expr(k.note(s, "assign"), s.rhs[0])
            self.mark_reassigned([k], ())
            return
        self.assign_list(s, s.lhs, s.rhs, ())

    def define(self, s: ast.Define) -> None:
        new: list[Var] = []
        for lhs in s.lhs:
            v = self.info.defs.get(lhs) if isinstance(lhs, ast.Name) else None
            if isinstance(v, Var) and v.name != "_":
                self.declare(v)
                new.append(v)
        self.assign_list(s, s.lhs, s.rhs, new)

    def var_decl(self, d: ast.VarDecl) -> None:
        new: list[Var] = []
        for name in d.names:
            v = self.info.defs.get(name)
            if isinstance(v, Var) and v.name != "_":
                self.declare(v)
                new.append(v)
        if d.values:
            self.assign_list(d, d.names, d.values, new)

    def assign_list(
        self, s: ast.Assign | ast.Define | ast.VarDecl, lhs: Sequence[ast.Expr], rhs: Sequence[ast.Expr],
        new: Sequence[Var],
    ) -> None:  # fmt: skip
        """`lhs... = rhs...`; `new` are the variables s declares."""
        ks = [self.addr(x) for x in lhs]
        if len(lhs) == len(rhs):
            why = "assign" if len(lhs) == 1 else "assign-pair"
            for k, x, y in zip(ks, lhs, rhs, strict=True):
                if isinstance(s, ast.Assign) and is_self_assign(self.info, x, y):
                    self.batch.warn(position(s), f"{self.fn.name} ignoring self-assignment in {self.shown(s)}")
                    k = self.discard_hole()
                self.convert(k.note(s, why), y, self.target_type(x))
        else:
            t = self.type_of(rhs[0])
            results = self.results_of(rhs[0], self.tuple_of(t, len(lhs)), s)
            for k, x, result in zip(ks, lhs, results, strict=False):
                self.operand(k.note(s, "assign-pair"), result, self.target_type(x))
        self.mark_reassigned(ks, new)

    def tuple_of(self, t: Type | None, count: int) -> Tuple:
        """The results of a call, or the two of a comma-ok expression."""
        if isinstance(t, Tuple):
            return t
        return Tuple(tuple(Var("", t if i == 0 else None) for i in range(count)))

    def shown(self, s: ast.Assign) -> str:
        texts = self.batch.texts
        return f"{texts.args(s.lhs, 0)} = {texts.args(s.rhs, 0)}"

    def mark_reassigned(self, ks: Iterable[Hole], new: Sequence[Var]) -> None:
        """Variables assigned other than by their declaration are captured by reference."""
        for k in ks:
            if k.dst.key not in new:
                k.dst.reassigned = True

    def ret(self, s: ast.Return, results: Sequence[ast.Expr]) -> None:
        fn = self.fn
        while isinstance(fn.node, ast.Range) and fn.parent is not None:
            fn = fn.parent  # the body of a range over a function returns from the function around it
        holes = [Hole(self.location_of_param(v, fn)) for v in fn.results]
        if len(results) == len(holes):
            for k, v, x in zip(holes, fn.results, results, strict=True):
                self.convert(k.note(s, "return"), x, v.type)
        elif results:
            t = self.type_of(results[0])
            temps = self.results_of(results[0], self.tuple_of(t, len(holes)), s)
            for k, v, temp in zip(holes, fn.results, temps, strict=False):
                self.operand(k.note(s, "return"), temp, v.type)
        self.mark_reassigned(holes, ())

    # -- loops -------------------------------------------------------------------------------------

    def renewed(self, v: Var) -> bool:
        """Must a loop make this variable anew for each turn? Only if someone may hold on to it."""
        return v in self.info.addressed or v in self.batch.program.captured

    def loop(self, s: ast.For) -> None:
        if s.init is not None:
            self.stmt(s.init)
        renewed: list[tuple[Var, Location]] = []
        if isinstance(s.init, ast.Define):
            for lhs in s.init.lhs:
                v = self.info.defs.get(lhs) if isinstance(lhs, ast.Name) else None
                if isinstance(v, Var) and v.name != "_" and self.renewed(v):
                    renewed.append((v, self.temp()))
        self.loop_depth += 1
        for v, carried in renewed:
            # The turn's own variable, filled from the one that carries the value between turns.
            loc = self.location(v)
            self.graph.flow(self.no_pointers(Hole(carried), v.type), loc)
            loc.loop_depth = self.loop_depth
            loc.reassigned = False
            self.graph.flow(self.no_pointers(Hole(loc), v.type), carried)
        if renewed:
            self.finish_loop(s.post, s.cond)
        else:
            self.discard(s.cond)
            if s.post is not None:
                self.stmt(s.post)
        self.block(s.body.stmts)
        self.loop_depth -= 1

    def finish_loop(self, post: ast.Stmt | None, cond: ast.Expr | None) -> None:
        if post is not None:
            self.stmt(post)
        self.discard(cond)

    def range_loop(self, s: ast.Range) -> None:
        t = self.type_of(s.x)
        core = core_type(t) if t is not None else None
        if isinstance(core, Signature):
            self.range_func(s)
            return
        held = self.temp()
        self.expr(Hole(held), s.x)
        renewed: list[Var] = []
        holes: list[Hole] = []
        for n in (s.key, s.value):
            v = self.info.defs.get(n) if s.define and isinstance(n, ast.Name) else None
            if isinstance(v, Var) and v.name != "_":
                if self.renewed(v):
                    renewed.append(v)
                    self.loop_depth += 1
                    holes.append(self.declare(v))
                    self.loop_depth -= 1
                else:
                    holes.append(self.declare(v))
            else:
                holes.append(self.discard_hole())
        self.loop_depth += 1
        if not s.define:
            holes = [self.addr(n) for n in (s.key, s.value)]
        self.range_value(s, core, holes, held)
        for k in holes:
            if k.dst.key not in renewed:
                k.dst.reassigned = True
        self.block(s.body.stmts)
        self.loop_depth -= 1

    def range_value(self, s: ast.Range, core: Type | None, holes: list[Hole], held: Location) -> None:
        k = holes[1]
        if k.derefs >= 0 and s.value is not None:
            elem = ti.element(core) if not isinstance(core, Map) else core.elem
            if elem is not None:
                k = self.no_pointers(k, elem)
        if s.value is not None and self.boxed_target(s.value, core):
            k = self.heap()  # no node stands for the box, so it is on the heap
        if isinstance(core, Array) or core is None:
            self.graph.flow(k.note(s, "range"), held)
        else:
            self.graph.flow(k.deref(s, "range-deref"), held)

    def boxed_target(self, value: ast.Expr, core: Type | None) -> bool:
        """A range that assigns values to a variable of interface type boxes them."""
        elem = core.elem if isinstance(core, Map) else ti.element(core)
        if isinstance(value, ast.Name) and value in self.info.defs:
            return False
        return False if elem is None else ti.needs_box(self.target_type(value), elem)

    def range_func(self, s: ast.Range) -> None:
        """`for x := range f {}`: a call of f with the body as a closure."""
        fn = self.batch.program.by_node[s]
        k = self.merged_tag_hole([], self.callees(s.x), 0)
        self.expr(self.discard_hole(), s.x)
        # What f yields needs no flow: it comes as the arguments of an unknown call, from the heap.
        targets = [self.addr(n) for n in (s.key, s.value) if n is not None and not s.define]
        hole = self.closure(k, s, fn)
        hole.dst.text = "func literal"
        self.mark_reassigned(targets, ())

    # -- switches ----------------------------------------------------------------------------------

    def switch(self, s: ast.Switch) -> None:
        if s.init is not None:
            self.stmt(s.init)
        clauses = s.clauses
        if s.tag is not None:
            tag_type = self.switch_type(s)
            if self.is_constant(s.tag):
                tag_type = None if not ti.is_interface(tag_type) else tag_type
            self.convert(self.discard_hole(), s.tag, tag_type)
        else:
            tag_type = None
        for clause in clauses:
            for x in clause.exprs or ():
                self.convert(self.discard_hole(), x, tag_type)
            self.block(clause.body)

    def switch_type(self, s: ast.Switch) -> Type | None:
        """The type tag and cases are compared in: `any` when concrete and interface values mix."""
        t = self.type_of(s.tag) if s.tag is not None else None
        if t is None or isinstance(core_type(t), Chan):
            return None
        if ti.is_interface(t):
            return t
        for clause in s.clauses:
            for x in clause.exprs or ():
                if ti.is_interface(self.type_of(x)) and not self.is_nil(x):
                    return Interface((), ())
        return None

    def type_switch(self, s: ast.TypeSwitch) -> None:
        if s.init is not None:
            self.stmt(s.init)
        holes: list[Hole] = []
        for clause in s.clauses:
            v = self.info.implicits.get(clause)
            if isinstance(v, Var):
                k = self.declare(v)
                if ti.has_pointers(v.type):
                    holes.append(self.dot_type(k, v.type, clause, "switch case"))
        self.expr(self.tee(*holes), s.x)
        for clause in s.clauses:
            self.block(clause.body)
