"""Kinds: the types of the dialect, shared by its CPython side and its compiler.

A Kind knows its size and alignment and, on the CPython side, how to load and store a value at an address. Layout is
C's: fields in order, each at its natural alignment, and structs padded to their largest alignment.

Under CPython, integers are `int`, f32 and f64 are `float`, boolean is `bool`, and Ptr[T] is a `Pointer`. A struct or
array is always a reference to memory (`StructRef`, `ArrayRef`). Kinds are compared with `==`. Two pointer kinds are
equal if the kinds they point to are equal; a struct kind is equal only to itself.
"""

import builtins
import inspect
import struct as structlib
import sys
from collections.abc import Iterator
from typing import Any, TypeVar

from morestack.dialect import memory
from morestack.dialect.memory import MachineFault, check_address

C = TypeVar("C", bound=type)


class Kind:
    """A type of the dialect. `llvm` is the LLVM type of its values."""

    name: str
    size: int
    align: int
    llvm: str

    def load(self, addr: int) -> Any:
        """Return the value at addr, or a reference to it."""
        raise NotImplementedError

    def store(self, addr: int, value: Any) -> None:
        """Store a value. References cannot be stored."""
        raise MachineFault(f"rule 6: there are no {self.name} values; copy memory explicitly")

    def __repr__(self) -> str:
        return self.name


class VoidKind(Kind):
    """The result kind of a function that returns no value, or never returns."""

    def __init__(self, name: str, returns: bool) -> None:
        self.name, self.size, self.align, self.llvm, self.returns = name, 0, 1, "void", returns


class ScalarKind(Kind):
    """A kind whose values fit in one register."""

    view: Any
    shift: int

    def check(self, value: Any) -> None:
        """Raise MachineFault unless the value belongs to this kind."""
        raise NotImplementedError

    def load(self, addr: int) -> Any:
        check_address(addr, self.size, self.name)
        return self.view[addr >> self.shift]

    def store(self, addr: int, value: Any) -> None:
        check_address(addr, self.size, self.name)
        self.check(value)
        self.view[addr >> self.shift] = value


class IntKind(ScalarKind):
    """u8..u64, i8..i64. Calling the kind is the explicit cast, which wraps."""

    def __init__(self, bits: int, signed: bool, view: Any) -> None:
        self.name, self.bits, self.signed, self.view = f"{'i' if signed else 'u'}{bits}", bits, signed, view
        self.size = self.align = bits // 8
        self.shift = self.size.bit_length() - 1
        self.mask = (1 << bits) - 1
        self.sign = 1 << (bits - 1) if signed else 0
        self.low, self.high = (-self.sign, self.sign - 1) if signed else (0, self.mask)
        self.llvm = f"i{bits}"

    def __call__(self, value: Any = 0) -> int:
        if value.__class__ is float:
            whole = int(value) if value - value == 0.0 else self.high + 1
            if not self.low <= whole <= self.high:
                raise MachineFault(f"rule 2: {value!r} does not fit {self.name}")
            return whole
        return int(((value & self.mask) ^ self.sign) - self.sign)

    def check(self, value: Any) -> None:
        if value.__class__ is not int:
            raise MachineFault(f"{value!r} is not an integer, {self.name} wanted")
        if not self.low <= value <= self.high:
            raise MachineFault(f"rule 1: {value} does not fit {self.name}; wrap explicitly with {self.name}(...)")


class FloatKind(ScalarKind):
    """f64, and f32 for storage. Values of f32 are doubles rounded to single precision."""

    def __init__(self, bits: int, view: Any) -> None:
        self.name, self.bits, self.view = f"f{bits}", bits, view
        self.size = self.align = bits // 8
        self.shift = 2 if bits == 32 else 3
        self.llvm = "float" if bits == 32 else "double"

    def __call__(self, value: Any = 0.0) -> float:
        if self.bits == 64:
            return float(value)
        try:
            return float(structlib.unpack("f", structlib.pack("f", value))[0])
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")

    def check(self, value: Any) -> None:
        if value.__class__ is not float:
            raise MachineFault(f"{value!r} is not a float, {self.name} wanted")


class BoolKind(ScalarKind):
    """boolean: one byte in memory, which is 0 or 1."""

    def __init__(self) -> None:
        self.name, self.size, self.align, self.shift, self.view, self.llvm = "boolean", 1, 1, 0, memory.u8_view, "i1"

    def __call__(self, value: Any = False) -> bool:
        return bool(value)

    def check(self, value: Any) -> None:
        if value.__class__ is not bool:
            raise MachineFault(f"rule 5: {value!r} is not a boolean")

    def load(self, addr: int) -> bool:
        check_address(addr, 1, "boolean")
        return bool(self.view[addr])


class PtrKind(ScalarKind):
    """Ptr[T]. T may be named before it is defined; the name is looked up at the first use."""

    def __init__(self, elem: "Kind | str", scope: dict[str, Any] | None = None) -> None:
        self._elem, self._scope = elem, scope
        self.size = self.align = 8
        self.shift, self.view, self.llvm = 3, memory.u64_view, "ptr"

    @property
    def elem(self) -> Kind:
        """The kind it points to."""
        if isinstance(self._elem, str):
            self._elem = resolve(self._elem, self._scope or {})
        return self._elem

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"Ptr[{self._elem if isinstance(self._elem, str) else self._elem.name}]"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PtrKind) and self.elem == other.elem

    def __hash__(self) -> int:
        return hash(("ptr", self.elem))

    def check(self, value: Any) -> None:
        if value.__class__ is not Pointer:
            raise MachineFault(f"{value!r} is not a pointer, {self.name} wanted")
        if value.kind is not self.elem and value.kind != self.elem:
            raise MachineFault(f"{value!r} is a Ptr[{value.kind.name}], {self.name} wanted")

    def load(self, addr: int) -> "Pointer":
        check_address(addr, 8, "pointer")
        return Pointer(self.elem, memory.u64_view[addr >> 3])

    def store(self, addr: int, value: Any) -> None:
        check_address(addr, 8, "pointer")
        self.check(value)
        memory.u64_view[addr >> 3] = value.addr


class ArrayKind(Kind):
    """Array[T, Literal[n]]."""

    llvm = "ptr"

    def __init__(self, elem: Kind, count: int) -> None:
        self.elem, self.count = elem, count
        self.size, self.align = elem.size * count, elem.align

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"Array[{self.elem.name}, {self.count}]"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArrayKind) and self.count == other.count and self.elem == other.elem

    def __hash__(self) -> int:
        return hash(("array", self.elem, self.count))

    def load(self, addr: int) -> "ArrayRef":
        check_address(addr, self.align, self.name)
        return ArrayRef(self, addr)


class Field:
    """A field of a struct. On a reference it is a descriptor; on the class (`MSpan.base`) it gives itself."""

    __slots__ = ("kind", "name", "offset", "owner")

    def __init__(self, owner: "StructKind", name: str, kind: Kind, offset: int) -> None:
        self.owner, self.name, self.kind, self.offset = owner, name, kind, offset

    def __get__(self, ref: "StructRef | None", owner: type) -> Any:
        if ref is None:
            return self
        return self.kind.load(ref._addr + self.offset)

    def __set__(self, ref: "StructRef", value: Any) -> None:
        try:
            self.kind.store(ref._addr + self.offset, value)
        except MachineFault as fault:
            raise MachineFault(f"{self.owner.name}.{self.name}: {fault}") from None


class IntField(Field):
    """An integer field. `p.at` has already checked the address, and the view itself checks the range."""

    __slots__ = ("shift", "view")
    kind: IntKind

    def __init__(self, owner: "StructKind", name: str, kind: IntKind, offset: int) -> None:
        super().__init__(owner, name, kind, offset)
        self.view, self.shift = kind.view, kind.shift

    def __get__(self, ref: "StructRef | None", owner: type) -> Any:
        if ref is None:
            return self
        return self.view[(ref._addr + self.offset) >> self.shift]

    def __set__(self, ref: "StructRef", value: Any) -> None:
        if value.__class__ is int:
            try:
                self.view[(ref._addr + self.offset) >> self.shift] = value
                return
            except ValueError:
                pass  # the checks below report what is wrong
        super().__set__(ref, value)


class StructKind(Kind):
    """A @struct class."""

    llvm = "ptr"

    def __init__(self, name: str, module: str) -> None:
        self.name, self.module = name, module
        self.fields: dict[str, Field] = {}
        self.size, self.align = 0, 1
        self.ref: type[StructRef] = StructRef

    def add(self, name: str, kind: Kind) -> Field:
        """Append a field."""
        offset = -(-self.size // kind.align) * kind.align
        field = IntField(self, name, kind, offset) if isinstance(kind, IntKind) else Field(self, name, kind, offset)
        self.fields[name] = field
        self.size, self.align = offset + kind.size, max(self.align, kind.align)
        return field

    def load(self, addr: int) -> "StructRef":
        check_address(addr, self.align, self.name)
        return self.ref(addr)


class StructRef:
    """A reference to a struct in memory. The @struct classes derive from it."""

    __slots__ = ("_addr",)
    __kind__: StructKind

    def __init__(self, addr: int) -> None:
        self._addr = addr

    def __eq__(self, other: object) -> bool:
        raise MachineFault("rule 6: there are no struct values to compare; compare pointers")

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise MachineFault("rule 5: a struct is not a condition")

    def __repr__(self) -> str:
        inner = ", ".join(f"{f.name}={_show(f.kind, self._addr + f.offset)}" for f in self.__kind__.fields.values())
        return f"{self.__kind__.name}@{self._addr:#x}({inner})"


class ArrayRef:
    """A reference to a fixed array in memory."""

    __slots__ = ("addr", "kind")

    def __init__(self, kind: ArrayKind, addr: int) -> None:
        self.kind, self.addr = kind, addr

    def _at(self, index: int) -> int:
        if index.__class__ is not int or not 0 <= index < self.kind.count:
            raise MachineFault(f"index {index!r} out of range of {self.kind.name}")
        return self.addr + index * self.kind.elem.size

    def __getitem__(self, index: int) -> Any:
        return self.kind.elem.load(self._at(index))

    def __setitem__(self, index: int, value: Any) -> None:
        self.kind.elem.store(self._at(index), value)

    def __len__(self) -> int:
        return self.kind.count

    def __iter__(self) -> Iterator[Any]:
        raise MachineFault("arrays are not iterated; use range(len(a))")

    @property
    def ptr(self) -> "Pointer":
        """The pointer to the first element."""
        return Pointer(self.kind.elem, self.addr)

    def __bool__(self) -> bool:
        raise MachineFault("rule 5: an array is not a condition")

    def __repr__(self) -> str:
        return f"{self.kind.name}@{self.addr:#x}"


class Pointer:
    """A value of kind Ptr[T]."""

    __slots__ = ("addr", "kind", "memory")  # memory: the buffer of `local`, which the pointer keeps alive

    def __init__(self, kind: Kind, addr: int) -> None:
        self.kind, self.addr = kind, addr

    @property
    def at(self) -> Any:
        """The struct or array it points to."""
        kind = self.kind
        if kind.__class__ is StructKind and self.addr >= memory.NIL_PAGE and not self.addr & (kind.align - 1):
            return kind.ref(self.addr)  # the common case, without further calls
        if isinstance(kind, ScalarKind):
            raise MachineFault(f"a Ptr[{self.kind.name}] is followed with p[0]")
        return self.kind.load(self.addr)

    def __getitem__(self, index: int) -> Any:
        return self.kind.load(self.addr + index * self.kind.size)

    def __setitem__(self, index: int, value: Any) -> None:
        self.kind.store(self.addr + index * self.kind.size, value)

    def add(self, count: int) -> "Pointer":
        """The pointer moved by count elements."""
        return Pointer(self.kind, (self.addr + count * self.kind.size) & 0xFFFF_FFFF_FFFF_FFFF)

    def field(self, field: Any) -> "Pointer":
        """The pointer to a field, which is passed as `Struct.field`."""
        if not isinstance(field, Field) or field.owner is not self.kind:
            raise MachineFault(f"{field!r} is not a field of {self.kind.name}; write p.field({self.kind.name}.name)")
        check_address(self.addr, self.kind.align, self.kind.name)
        return Pointer(field.kind, self.addr + field.offset)

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not Pointer:
            raise MachineFault(f"rule 3: a pointer is compared with {other!r}")
        return self.addr == other.addr

    def __hash__(self) -> int:
        return hash(self.addr)

    def __bool__(self) -> bool:
        raise MachineFault("rule 5: a pointer is not a condition; compare it with nil(T)")

    def __repr__(self) -> str:
        return f"Ptr[{self.kind.name}]({self.addr:#x})"


def _show(kind: Kind, addr: int) -> str:
    if isinstance(kind, (StructKind, ArrayKind)):
        return f"{kind.name}@{addr:#x}"
    if isinstance(kind, PtrKind):
        return f"{memory.u64_view[addr >> 3]:#x}"
    return repr(kind.load(addr))


U8, I8 = IntKind(8, False, memory.u8_view), IntKind(8, True, memory.i8_view)
U16, I16 = IntKind(16, False, memory.u16_view), IntKind(16, True, memory.i16_view)
U32, I32 = IntKind(32, False, memory.u32_view), IntKind(32, True, memory.i32_view)
U64, I64 = IntKind(64, False, memory.u64_view), IntKind(64, True, memory.i64_view)
F32, F64 = FloatKind(32, memory.f32_view), FloatKind(64, memory.f64_view)
BOOLEAN = BoolKind()
VOID, NORETURN = VoidKind("None", True), VoidKind("NoReturn", False)

_structs: dict[str, StructKind] = {}
"""The latest @struct of each name, for forward references across modules that import each other."""


def resolve(name: str, scope: dict[str, Any]) -> Kind:
    """Return the kind that a forward reference names."""
    found = scope.get(name)
    if found is None and name in _structs:
        return _structs[name]
    if found is None:
        raise MachineFault(f"Ptr[{name!r}]: no such struct")
    return kind_of(found)


class _Forward(dict[str, Any]):
    """The names in an annotation that is a string. A name that is not defined yet evaluates to itself, as a string."""

    def __init__(self, scope: dict[str, Any]) -> None:
        self.scope = scope

    def __missing__(self, name: str) -> Any:
        return self.scope.get(name, getattr(builtins, name, name))


def kind_of(annotation: Any, scope: dict[str, Any] | None = None) -> Kind:
    """Return the kind that an evaluated annotation means."""
    if isinstance(annotation, Kind):
        return annotation
    if annotation is None:
        return VOID
    if isinstance(annotation, str):
        found = eval(annotation, scope or {}, _Forward(scope or {}))
        return resolve(found, scope or {}) if isinstance(found, str) else kind_of(found)
    if isinstance(annotation, type) and issubclass(annotation, StructRef) and annotation is not StructRef:
        return annotation.__kind__
    if getattr(annotation, "__name__", None) in ("NoReturn", "Never") or annotation in _NORETURN:
        return NORETURN
    raise MachineFault(f"{annotation!r} is not a type of the dialect")


def _noreturn() -> tuple[Any, ...]:
    import typing

    return typing.NoReturn, typing.Never


_NORETURN = _noreturn()


def define_struct(cls: C) -> C:
    """Lay out a class by its annotations, and return the class of references to such memory.

    The fields of a plain base class come first, because compiled code uses them too (abi/structures.py).
    """
    kind = StructKind(cls.__name__, cls.__module__)
    scope = sys.modules[cls.__module__].__dict__ if cls.__module__ in sys.modules else {}
    body: dict[str, Any] = {"__slots__": (), "__kind__": kind, "__doc__": cls.__doc__, "__module__": cls.__module__}
    parts = [base for base in reversed(cls.__mro__) if base is not object]
    for name, annotation in (field for part in parts for field in inspect.get_annotations(part).items()):
        if name.startswith("_"):
            raise MachineFault(f"{cls.__name__}.{name}: a field's name does not begin with an underscore")
        body[name] = kind.add(name, kind_of(annotation, scope))
    extra = [n for part in parts for n in part.__dict__ if not n.startswith("__")]
    if extra or issubclass(cls, StructRef):
        raise MachineFault(f"@struct {cls.__name__} has only annotated fields, no {', '.join(extra) or 'base @struct'}")
    kind.size = -(-kind.size // kind.align) * kind.align
    kind.ref = type(cls.__name__, (StructRef,), body)
    kind.ref.__qualname__ = cls.__qualname__
    _structs[kind.name] = kind
    return kind.ref  # type: ignore[return-value]
