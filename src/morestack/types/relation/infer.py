"""Inference of type arguments, in the spec's order: typed arguments, core types and methods of the
constraints until nothing changes, then untyped constants by their default types.

Type parameters must have been renamed (`subst.rename_type_params`) so that a function may call itself. The result has
a type for every parameter, or is a `Failure` with gc's message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from morestack.syntax import nodes as ast
from morestack.syntax.format import expr_string
from morestack.types.core.info import Mode
from morestack.types.core.kinds import default_type, is_typed, is_valid, max_type
from morestack.types.core.types import Alias, Named, Signature, Tuple, Type, TypeParam
from morestack.types.core.under import components, constraint_interface, unalias
from morestack.types.identity.identical import type_set
from morestack.types.identity.subst import subst
from morestack.types.identity.terms import Term
from morestack.types.identity.type_params import common_under
from morestack.types.identity.typestring import Qualifier, type_string
from morestack.types.relation.implements import missing_method, missing_method_cause
from morestack.types.relation.lookup import has_invalid_embedded_fields
from morestack.types.relation.unify import Unifier, UnifyMode


class ArgumentLike(Protocol):
    """The properties of an argument that inference uses."""

    @property
    def mode(self) -> Mode | None: ...
    @property
    def type(self) -> Type: ...
    @property
    def expr(self) -> ast.Expr | None: ...


@dataclass(frozen=True, slots=True)
class Failure:
    """Why inference failed; `arg` is the argument to blame, None for the call. An empty message: an
    argument is invalid, which has been reported."""

    message: str
    arg: int | None = None


def infer(
    type_params: Sequence[TypeParam],
    type_args: Sequence[Type | None],
    params: Tuple,
    args: Sequence[ArgumentLike],
    reverse: bool = False,
    qf: Qualifier | None = None,
) -> list[Type] | Failure:
    """Types for all of type_params, from the given ones (a prefix, or None for unknown) and the arguments.

    There is one parameter for each argument. `reverse` only words messages for the assignment of a generic
    function to a variable of function type.
    """
    return _Inference(list(type_params), list(type_args), qf, reverse).run(params, args)


class _Inference:
    def __init__(self, params: list[TypeParam], given: list[Type | None], qf: Qualifier | None, reverse: bool) -> None:
        self.type_params = params
        self.given: list[Type | None] = given + [None] * (len(params) - len(given))
        self.known = {p: a for p, a in zip(params, self.given, strict=True) if a is not None}
        self.unifier = Unifier(params, list(self.given))
        self.qf = qf
        self.reverse = reverse

    def show(self, t: Type | None) -> str:
        return type_string(t, self.qf)

    def run(self, params: Tuple, args: Sequence[ArgumentLike]) -> list[Type] | Failure:
        if len(self.known) == len(self.type_params):
            return [a for a in self.given if a is not None]
        if any(a.mode is None or not is_valid(a.type) for a in args):
            return Failure("")
        params = subst(params, self.known)
        untyped: list[int] = []
        failure = (
            self.unify_arguments(params, args, untyped)
            or self.use_constraints()
            or self.use_untyped(params, args, untyped)
        )
        return failure or self.finish()

    def unify_arguments(self, params: Tuple, args: Sequence[ArgumentLike], untyped: list[int]) -> Failure | None:
        for i, arg in enumerate(args):
            wanted = params.vars[i].type
            if wanted is None:
                continue
            if not is_parameterized(self.type_params, wanted) and not is_parameterized(self.type_params, arg.type):
                continue
            if is_typed(arg.type):
                if not self.unifier.unify(wanted, arg.type, UnifyMode.ASSIGN):
                    return Failure(self.mismatch(wanted, arg), i)
            elif isinstance(wanted, TypeParam) and arg.mode is not Mode.NIL:
                untyped.append(i)
        return None

    def mismatch(self, wanted: Type, arg: ArgumentLike) -> str:
        inferred = self.unifier.inferred(self.type_params)
        expr = "" if arg.expr is None else expr_string(arg.expr)
        have = f"type {self.show(arg.type)} of {expr}"
        if all(t is None for t in inferred):
            names = type_params_string(self.type_params)
            return f"{have} does not match {self.show(wanted)} (cannot infer {names})"
        mapping = {p: t for p, t in zip(self.type_params, inferred, strict=True) if t is not None}
        known = subst(wanted, mapping)
        if known is wanted:
            return f"{have} does not match {self.show(wanted)}"
        if self.reverse:
            return f"inferred type {self.show(known)} for {self.show(wanted)} does not match {have}"
        return f"{have} does not match inferred type {self.show(known)} for {self.show(wanted)}"

    def use_constraints(self) -> Failure | None:
        """Unify with core types and methods of the constraints until no parameter becomes known."""
        while True:
            unknown = self.unifier.unknowns()
            for p in self.type_params:
                failure = self.use_constraint(p)
                if failure is not None:
                    return failure
            if self.unifier.unknowns() == unknown:
                return None

    def use_constraint(self, p: TypeParam) -> Failure | None:
        u = self.unifier
        t = u.at(p)
        core, single = core_term(p)
        if core is not None:
            if t is not None:
                if not u.unify(t, core.type):
                    return Failure(f"{self.show(p)} (type {self.show(t)}) does not satisfy {self.constraint(p)}")
            elif single and not core.tilde:
                u.set(p, core.type)
        if t is None or is_parameterized(self.type_params, t):
            return None
        iface = constraint_interface(p)

        def equivalent(x: Signature, y: Signature) -> bool:
            return u.unify(x, y, UnifyMode.EXACT)

        missing = missing_method(t, iface, True, equivalent)
        if missing is not None and not has_invalid_embedded_fields(t):
            cause = missing_method_cause(t, iface, missing, self.qf)
            return Failure(f"{self.show(p)} (type {self.show(t)}) does not satisfy {self.constraint(p)} {cause}")
        return None

    def constraint(self, p: TypeParam) -> str:
        return self.show(p.constraint)

    def use_untyped(self, params: Tuple, args: Sequence[ArgumentLike], untyped: list[int]) -> Failure | None:
        largest: dict[TypeParam, Type] = {}
        for i in untyped:
            p = params.vars[i].type
            assert isinstance(p, TypeParam)
            if self.unifier.at(p) is not None:
                continue
            known = largest.get(p, args[i].type)
            largest_type = max_type(known, args[i].type)
            if largest_type is None:
                shown = f"{self.show(known)} and {self.show(args[i].type)}"
                return Failure(f"mismatched types {shown} (cannot infer {self.show(p)})", i)
            largest[p] = largest_type
        for p, t in largest.items():
            self.unifier.set(p, default_type(t))
        return None

    def finish(self) -> list[Type] | Failure:
        """Replace parameters in inferred types by what was inferred for them."""
        inferred = self.unifier.inferred(self.type_params)
        kill_cycles(self.type_params, inferred)
        dirty = [i for i, t in enumerate(inferred) if t is not None and self.given[i] is None]
        while dirty:
            mapping = {p: t for p, t in zip(self.type_params, inferred, strict=True) if t is not None}
            changed: list[int] = []
            for i in dirty:
                before = inferred[i]
                assert before is not None
                after = subst(before, mapping)
                if after is not before:
                    if isinstance(after, Signature) and after.type_params:
                        if not is_parameterized(self.type_params, after):
                            after = Signature(after.params, after.results, after.variadic, after.recv)
                    inferred[i] = after
                    changed.append(i)
            dirty = changed
        result: list[Type] = []
        for p, t in zip(self.type_params, inferred, strict=True):
            if t is None or is_parameterized(self.type_params, t):
                return Failure(f"cannot infer {p.obj.name} (declared at {p.obj.span})")
            result.append(t)
        return result


def core_term(p: TypeParam) -> tuple[Term | None, bool]:
    """The one term that tells what types p stands for (of many terms, their common underlying type), and
    whether it is the only term."""
    terms = type_set(constraint_interface(p)).terms
    if not terms:
        return None, False
    if len(terms) == 1:
        return terms[0], True
    core, _ = common_under(p)
    if core is None:
        return None, False
    return Term(any(t.tilde for t in terms), core), False


def is_parameterized(params: Sequence[TypeParam], t: Type | None) -> bool:
    """Whether t mentions one of params."""
    return _mentions(frozenset(params), t, set())


def _mentions(params: frozenset[TypeParam], t: Type | None, seen: set[int]) -> bool:
    if t is None:
        return False
    if isinstance(t, TypeParam):
        return t in params
    if isinstance(t, Alias):
        return _mentions(params, unalias(t), seen)
    if id(t) in seen:
        return False
    seen.add(id(t))
    for part in t.type_args if isinstance(t, Named) else components(t):  # noqa: SIM110  Note [Recursion over types]
        if _mentions(params, part, seen):
            return True
    return False


def type_params_string(params: Sequence[TypeParam]) -> str:
    """Names as in a sentence: `P`, `P and Q`, `P, Q, and R`."""
    names = [p.obj.name for p in params]
    if len(names) <= 2:
        return " and ".join(names)
    return ", ".join(names[:-1]) + ", and " + names[-1]


def kill_cycles(params: Sequence[TypeParam], inferred: list[Type | None]) -> None:
    """Forget types inferred for a parameter that mention the parameter, through others or not."""
    position = {p: i for i, p in enumerate(params)}
    state: dict[TypeParam, bool] = {}  # False: being visited; True: done

    def visit(t: Type | None, seen: set[int]) -> bool:
        """Whether a cycle was found, and removed, at t."""
        if t is None:
            return False
        if isinstance(t, TypeParam):
            return visit_param(t)
        if id(t) in seen:
            return False
        seen.add(id(t))
        return any([visit(part, seen) for part in components(t)])

    def visit_param(p: TypeParam) -> bool:
        i = position.get(p)
        if i is None or state.get(p) is True:
            return False
        if p in state:
            inferred[i] = None
            return True
        state[p] = False
        visit(inferred[i], set())
        state[p] = True
        return False

    for p in params:
        visit_param(p)
