"""Values known at compile time, as bytes and relocations: initialised package variables, tables, literals.

`static_into` writes an expression into an image. It returns False if any part must be computed, and the image is then
not used. A slice literal or `&T{...}` inside becomes a separate global, which is correct only if the expression is
evaluated once, as for package variables. `elements_only` forbids these, for literals in functions.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from morestack.ir import representation as bt
from morestack.ir import types as ir
from morestack.ir.module import Sym
from morestack.ir.representation import ir_type, under
from morestack.ir.types import IRType
from morestack.irbuild.emit.constant import default_type_of, scalar_const
from morestack.irbuild.emit.iface import scalar_bytes
from morestack.irbuild.instance import instance_of
from morestack.irbuild.module import ModuleBuilder
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import unparen
from morestack.types.const import exact
from morestack.types.core.info import Mode
from morestack.types.core.objects import Func
from morestack.types.core.types import Array, Map, Slice, Struct, Type
from morestack.types.relation.lookup import lookup_field_or_method


@dataclass(slots=True)
class Image:
    """The contents of a global under construction."""

    data: bytearray
    relocs: list[tuple[int, Sym]] = field(default_factory=list)


class StaticBuilder:
    """Writes constant expressions into images."""

    def __init__(self, mod: ModuleBuilder, elements_only: bool = False) -> None:
        self.mod = mod
        self.types = mod.info.types
        self.elements_only = elements_only

    def type_of(self, e: ast.Expr) -> Type:
        return self.types[e].type

    def value_into(self, image: Image, at: int, value: exact.Value, t: Type) -> bool:
        """Write a constant of Go type t; return whether it could be written."""
        if bt.is_interface(t):
            return self._boxed(image, at, value, default_type_of(value), t)
        it = ir_type(t)
        if isinstance(value, bytes):
            if value:
                image.relocs.append((at, self.mod.string(value)))
                image.data[at + 8 : at + 16] = len(value).to_bytes(8, "little")
            return True
        if isinstance(it, ir.Struct):
            part = it.fields[0]
            for n, piece in enumerate((exact.real(value), exact.imag(value))):
                assert piece is not None
                raw = scalar_bytes(scalar_const(piece, part))
                image.data[at + n * part.size : at + (n + 1) * part.size] = raw
            return True
        image.data[at : at + it.size] = scalar_bytes(scalar_const(value, it))
        return True

    def _boxed(self, image: Image, at: int, value: exact.Value, source: Type, target: Type) -> bool:
        it = ir_type(source)
        inner = Image(bytearray(it.size))
        if not self.value_into(inner, 0, value, source):
            return False
        word = self.mod.dynamic_type(source) if bt.is_empty_interface(target) else self.mod.itab(source, target)
        image.relocs.append((at, word))
        if inner.relocs:
            data = self.mod.static(it, bytes(inner.data), tuple(inner.relocs), "const", readonly=True)
        else:
            data = self.mod.readonly(it, bytes(inner.data))
        image.relocs.append((at + 8, data))
        return True

    def into(self, image: Image, at: int, e: ast.Expr, target: Type) -> bool:
        """Write e as type target; return False if it is not static."""
        e = unparen(e)
        tv = self.types.get(e)
        if tv is None:
            return False
        if tv.mode is Mode.NIL:
            return True
        if tv.value is not None:
            if bt.is_interface(target) and not bt.is_interface(tv.type):
                return self._boxed(image, at, tv.value, tv.type, target)
            return self.value_into(image, at, tv.value, target)
        if bt.is_interface(target):
            return False
        if isinstance(e, ast.CompositeLit):
            return self._literal(image, at, e)
        if isinstance(e, ast.Name) and not self.elements_only:
            obj = self.mod.info.uses.get(e)
            if type(obj) is Func:
                symbol = self.mod.func_symbol(instance_of(self.mod, e, obj))
                image.relocs.append((at, self.mod.function_value(symbol)))
                return True
        if isinstance(e, ast.Unary) and e.op is ast.UnaryOp.ADDR and not self.elements_only:
            return self._address(image, at, unparen(e.x))
        if isinstance(e, ast.Call) and len(e.args) == 1 and self.types[e.fun].mode is Mode.TYPE:
            source = self.type_of(e.args[0])
            same = ir_type(source) is ir_type(tv.type) and not bt.is_interface(tv.type)
            if same and type(under(source)) is type(under(tv.type)):
                return self.into(image, at, e.args[0], tv.type)
        return False

    def _address(self, image: Image, at: int, x: ast.Expr) -> bool:
        if not isinstance(x, ast.CompositeLit):
            return False
        t = self.type_of(x)
        sym = self.separate(x, t)
        if sym is None:
            return False
        image.relocs.append((at, sym))
        return True

    def separate(self, lit: ast.CompositeLit, t: Type) -> Sym | None:
        """Write a literal into a separate global; return its address, or None if it is not static."""
        it = ir_type(t)
        inner = Image(bytearray(it.size))
        if not self._literal(inner, 0, lit):
            return None
        return self.mod.static(it, bytes(inner.data), tuple(inner.relocs), "stmp")

    def _literal(self, image: Image, at: int, lit: ast.CompositeLit) -> bool:
        t = self.type_of(lit)
        u = under(t)
        if isinstance(u, Map):
            return False
        if isinstance(u, Slice):
            return not self.elements_only and self._slice(image, at, lit, u)
        base = bt.pointer_base(t)
        if base is not None:  # &T is elided
            return False
        if isinstance(u, Struct):
            layout = ir_type(u)
            assert isinstance(layout, ir.Struct)
            return all(
                self.into(image, at + layout.offsets[n], value, bt.var_type(u.fields[n]))
                for n, value in struct_elements(self.mod, lit, u)
            ) and all(self.into(image, at + offset, value, ft) for offset, value, ft in promoted_elements(lit, t))
        assert isinstance(u, Array)
        size = ir_type(u.elem).size
        return all(self.element(image, at + n * size, value, u.elem) for n, value in array_elements(self.mod, lit))

    def element(self, image: Image, at: int, value: ast.Expr, elem: Type) -> bool:
        """Write an element of an array or slice, in which `&T` may be elided."""
        base = bt.pointer_base(elem)
        if isinstance(value, ast.CompositeLit) and value.type is None and base is not None:
            return not self.elements_only and self._elided_address(image, at, value, base)
        return self.into(image, at, value, elem)

    def _elided_address(self, image: Image, at: int, lit: ast.CompositeLit, base: Type) -> bool:
        if bt.pointer_base(self.type_of(lit)) is not None:
            return False
        sym = self.separate(lit, base)
        if sym is not None:
            image.relocs.append((at, sym))
        return sym is not None

    def _slice(self, image: Image, at: int, lit: ast.CompositeLit, u: Slice) -> bool:
        elements = list(array_elements(self.mod, lit))
        length = max((n for n, _ in elements), default=-1) + 1
        array = self.slice_array(elements, length, u.elem)
        if array is None:
            return False
        image.relocs.append((at, array))
        image.data[at + 8 : at + 24] = length.to_bytes(8, "little") * 2
        return True

    def slice_array(
        self, elements: list[tuple[int, ast.Expr]], length: int, elem: Type, readonly: bool = False
    ) -> Sym | None:
        """Write the array of a slice literal into a global."""
        et = ir_type(elem)
        it: IRType = ir.array(et, length)
        inner = Image(bytearray(it.size))
        for n, value in elements:
            if not self.element(inner, n * et.size, value, elem):
                return None
        if readonly and not inner.relocs:
            return self.mod.readonly(it, bytes(inner.data))
        return self.mod.static(it, bytes(inner.data), tuple(inner.relocs), "stmp", readonly)


def struct_elements(mod: ModuleBuilder, lit: ast.CompositeLit, u: Struct) -> list[tuple[int, ast.Expr]]:
    """Return (field number, value) for a struct literal; `promoted_elements` returns the fields of embedded structs."""
    numbers = {f.name: n for n, f in enumerate(u.fields)}
    result: list[tuple[int, ast.Expr]] = []
    for n, e in enumerate(lit.elements):
        if isinstance(e, ast.KeyValue):
            assert isinstance(e.key, ast.Name)
            if e.key.text in numbers:
                result.append((numbers[e.key.text], e.value))
        else:
            result.append((n, e))
    return result


def promoted_elements(lit: ast.CompositeLit, t: Type) -> list[tuple[int, ast.Expr, Type]]:
    """Return (offset, value, field type) for the keys of a literal that name fields of embedded structs."""
    u = under(t)
    assert isinstance(u, Struct)
    own = {f.name for f in u.fields}
    result: list[tuple[int, ast.Expr, Type]] = []
    for e in lit.elements:
        if isinstance(e, ast.KeyValue) and isinstance(e.key, ast.Name) and e.key.text not in own:
            found = lookup_field_or_method(t, True, u.fields[0].pkg, e.key.text)
            offset, at = 0, t
            for n in found.index:
                s = under(at)
                layout = ir_type(s)
                assert isinstance(s, Struct) and isinstance(layout, ir.Struct)
                offset += layout.offsets[n]
                at = bt.var_type(s.fields[n])
            result.append((offset, e.value, at))
    return result


def array_elements(mod: ModuleBuilder, lit: ast.CompositeLit) -> list[tuple[int, ast.Expr]]:
    """Return (index, value) for an array or slice literal."""
    result: list[tuple[int, ast.Expr]] = []
    at = 0
    for e in lit.elements:
        if isinstance(e, ast.KeyValue):
            number = exact.to_int(mod.info.types[e.key].value)
            assert number is not None
            at = number
            e = e.value
        result.append((at, e))
        at += 1
    return result


def static_image(mod: ModuleBuilder, e: ast.Expr, t: Type, elements_only: bool = False) -> Image | None:
    """Return the contents of a variable of type t initialised with e, or None if code must compute them."""
    image = Image(bytearray(ir_type(t).size))
    if StaticBuilder(mod, elements_only).into(image, 0, e, t):
        return image
    return None
