"""Function bodies: parameters, results, deferred calls, and the end of a body.

A function that defers keeps its results in memory and leaves through one exit block: DEFER_RETURN, load the results,
RETURN. That block reads only frame objects, so a recovered panic can resume there.
"""

from __future__ import annotations

from collections.abc import Container

from morestack.ir import types as ir
from morestack.ir.module import Function, FunctionKind, Operand, Pos
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type, var_type
from morestack.ir.tidy import tidy
from morestack.irbuild.emit.emitter import Mem, symbol_name
from morestack.irbuild.expr.closure import bind_captures
from morestack.irbuild.func import FuncBuilder
from morestack.irbuild.instance import instance_builder
from morestack.irbuild.module import ModuleBuilder
from morestack.irbuild.stmt.rangefunc import mark_frame
from morestack.source.diagnostics import InternalError
from morestack.syntax import nodes as ast
from morestack.types.core.objects import Func, Var
from morestack.types.core.types import Named, Pointer, Signature, Type, TypeParam
from morestack.types.core.under import signature_of, unalias


def build_function(mod: ModuleBuilder, f: Func, name: str) -> None:
    """Build a declared function or method."""
    decl = f.decl
    assert decl is not None and decl.body is not None
    signature = mod.info.signatures.get(decl) or signature_of(f)
    out = Function(name, pos=mod.pos(decl.name.span), pragmas=decl.pragmas)
    if decl.recv is None and (f.name, mod.pkg.name) == ("main", "main"):
        out.kind = FunctionKind.MAIN
    fb = FuncBuilder(mod, out)
    params = list(signature.params.vars)
    if signature.recv is not None:
        params.insert(0, signature.recv)
    _body(fb, params, signature, decl.body, None)


def build_instance(mod: ModuleBuilder, f: Func, name: str) -> None:
    """Build an instance of a function, or of a method of an instantiated type."""
    if f.decl is None or f.decl.body is None:
        raise InternalError("ir.build", f"{name} has no body", f.span)
    declared = f
    while declared.origin is not None:
        declared = declared.origin
    signature = signature_of(declared)
    mapping: dict[TypeParam, Type] = {}
    if signature.type_params:
        mapping.update(zip(signature.type_params, f.type_args, strict=True))
    recv = signature_of(f).recv
    if signature.recv_type_params and recv is not None and recv.type is not None:
        t = unalias(recv.type)
        t = unalias(t.elem) if isinstance(t, Pointer) else t
        assert isinstance(t, Named)
        mapping.update(zip(signature.recv_type_params, t.type_args, strict=True))
    build_function(instance_builder(mod.at_home(declared.pkg), mapping), f, name)


def build_literal_body(mod: ModuleBuilder, lit: ast.FuncLit, name: str) -> None:
    """Build the code of a function literal."""
    signature = mod.info.signatures[lit]
    out = Function(name, pos=mod.pos(lit.span))
    fb = FuncBuilder(mod, out)
    fb.nested = True
    _body(fb, list(signature.params.vars), signature, lit.body, lit)


def _body(fb: FuncBuilder, params: list[Var], signature: Signature, body: ast.Block, lit: ast.FuncLit | None) -> None:
    f = fb.f
    for p in params:
        f.params.append(f.reg(ir_type(p.type), "" if p.name == "_" else symbol_name(p.name)))
    if lit is not None:
        bind_captures(fb, lit)
    pos = f.pos
    assert pos is not None
    for p, r in zip(params, f.params, strict=True):
        if p.name in ("_", ""):
            continue
        if fb.needs_memory(p):
            fb.declare(p, pos, r)
        else:
            fb.storage[p] = r
    _results(fb, signature, body, pos)
    if f.has_defer and _defers(body, fb.mod.escapes.range_captures):
        mark_frame(fb, pos)
    fb.stmts(body.stmts)
    _end(fb, body)
    tidy(f)
    fb.mod.add(f)


def _results(fb: FuncBuilder, signature: Signature, body: ast.Block, pos: Pos) -> None:
    f = fb.f
    results = signature.results.vars
    f.results = [ir_type(v.type) for v in results]
    fb.results = results
    fb.result_types = tuple([var_type(v) for v in results])
    f.has_defer = _defers(body)
    if not f.has_defer:
        for v in results:
            if v.name or v in fb.mod.by_ref:
                fb.declare(v, pos)
        return
    fb.exit = fb.new_block()
    for v in results:
        if (v.name not in ("", "_") or v in fb.mod.by_ref) and fb.needs_memory(v) and fb.on_heap(v):
            fb.declare(v, pos)
            cell = fb.storage[v]
            assert isinstance(cell, Mem)
            # the exit block reads no registers, so the address of the cell is kept in the frame
            holder = f.object(ir.PTR, symbol_name(v.name))
            fb.store(Mem(fb.op(Op.ADDR, ir.PTR, aux=holder)), cell.addr)
            fb.result_places.append(holder)
            f.result_objects.append(None)
        else:
            o = f.object(ir_type(v.type), symbol_name(v.name) if v.name else "r")
            fb.storage[v] = o
            fb.clear(fb.place(o), o.type)
            fb.result_places.append(o)
            f.result_objects.append(o)


def _defers(body: ast.Block, loops: Container[ast.Node] | None = None) -> bool:
    """Whether this body defers a call outside its literals; with `loops`, whether the body of one of these loops
    does."""
    work: list[ast.Node | None] = list(body.stmts)
    while work:
        s = work.pop()
        match s:
            case ast.Defer():
                if loops is None:
                    return True
            case ast.Range(body=inner) if loops is not None and s in loops:
                if _defers(inner):
                    return True
            case ast.Block(stmts=stmts):
                work.extend(stmts)
            case ast.If(then=then, els=els):
                work += (then, els)
            case ast.For(body=inner) | ast.Range(body=inner):
                work.append(inner)
            case ast.Labeled(stmt=inner_stmt):
                work.append(inner_stmt)
            case ast.Switch(clauses=clauses) | ast.TypeSwitch(clauses=clauses):
                for c in clauses:
                    work.extend(c.body)
            case ast.Select(clauses=comms):
                for comm in comms:
                    work.extend(comm.body)
            case _:
                pass
    return False


def _end(fb: FuncBuilder, body: ast.Block) -> None:
    """Build the code after the last statement."""
    if fb.exit is None:
        if fb.f.results:
            fb.do(Op.UNREACHABLE)  # the checker has ensured that the body ends in a terminating statement
        else:
            fb.do(Op.RETURN)
        return
    fb.jump(fb.exit)
    fb.start(fb.exit)
    fb.do(Op.DEFER_RETURN, pos=fb.pos(body, body.rbrace))
    values: list[Operand] = []
    for place, t, o in zip(fb.result_places, fb.f.results, fb.f.result_objects, strict=True):
        at = Mem(fb.op(Op.ADDR, ir.PTR, aux=place))
        if o is None:
            at = Mem(fb.load(at, ir.PTR))
        values.append(fb.load(at, t))
    fb.do(Op.RETURN, *values)
