"""Type descriptors: the layout of Go 1.27's internal/abi.Type, written by codegen, read here.

        Type        size ptrdata hash tflag align fieldalign kind equal gcdata str ptrto      48 bytes
        ArrayType   Type elem slice len                 ChanType    Type elem dir
        FuncType    Type incount outcount               PtrType     Type elem
        SliceType   Type elem                           MapType     Type key elem group ...
        StructType  Type pkgpath fields{ptr,len,cap}    field:  name typ offset
        InterfaceType Type pkgpath methods{ptr,len,cap} method: nameoff typeoff
        UncommonType pkgpath mcount xcount moff unused  method: name mtyp ifn tfn, 4 bytes each

Offsets (NameOff, TypeOff, TextOff) are relative to the descriptor they belong to; 0 means none. A name is a flag byte
(1 exported, 2 tag follows, 4 package path follows, 8 embedded), its length as a varint, and its bytes.
"""

from morestack.abi.descriptors import (
    ARRAY_TYPE_SIZE,
    CHAN_TYPE_SIZE,
    KIND_ARRAY,
    KIND_CHAN,
    KIND_FUNC,
    KIND_INTERFACE,
    KIND_MAP,
    KIND_POINTER,
    KIND_SLICE,
    KIND_STRUCT,
    MAP_TYPE_SIZE,
    POINTER_TYPE_SIZE,
    STRUCT_TYPE_SIZE,
    TFLAG_DIRECT_IFACE,
    TFLAG_EXTRA_STAR,
    TFLAG_UNCOMMON,
    TYPE_SIZE,
)
from morestack.dialect.machine import Ptr, boolean, cast, i32, i64, memcmp, nil, ptr_at, struct, u8, u16, u32, u64


@struct
class Type:
    """The common beginning of every descriptor."""

    size: u64
    ptrdata: u64
    hash: u32
    tflag: u8
    align: u8
    fieldalign: u8
    kind_: u8
    equal: u64
    gcdata: u64
    str: i32
    ptrto: i32


@struct
class ArrayType:
    """[len]elem"""

    typ: Type
    elem: Ptr[Type]
    slice: Ptr[Type]
    len: u64


@struct
class ChanType:
    """chan elem"""

    typ: Type
    elem: Ptr[Type]
    dir: u64


@struct
class StructField:
    """A field of a struct type."""

    name: u64
    typ: Ptr[Type]
    offset: u64


@struct
class StructType:
    """struct { fields }"""

    typ: Type
    pkgpath: u64
    fields: u64
    fields_len: u64
    fields_cap: u64


@struct
class Imethod:
    """A method of an interface type."""

    name: i32
    typ: i32


@struct
class InterfaceType:
    """interface { methods }, sorted by name"""

    typ: Type
    pkgpath: u64
    methods: u64
    methods_len: u64
    methods_cap: u64


@struct
class PtrType:
    """A pointer type."""

    t: Type
    elem: Ptr[Type]


@struct
class UncommonType:
    """Follows the descriptor of a type that has a name or methods."""

    pkgpath: i32
    mcount: u16
    xcount: u16
    moff: u32
    unused: u32


@struct
class Method:
    """A method of a concrete type, sorted by name."""

    name: i32
    mtyp: i32
    ifn: i32
    tfn: i32


def offset_from(base: u64, offset: i32) -> u64:
    """The address an offset of a descriptor refers to, or 0."""
    if offset == 0:
        return u64(0)
    return u64(i64(base) + i64(offset))


def name_len(name: u64) -> u64:
    """Length of an encoded name."""
    n = u64(0)
    shift = u64(0)
    at = u64(name + 1)
    byte = ptr_at(u8, at)[0]
    while byte >= 128:
        n = u64(n | u64(byte & 127) << shift)
        shift = u64(shift + 7)
        at = u64(at + 1)
        byte = ptr_at(u8, at)[0]
    return u64(n | u64(byte) << shift)


def name_data(name: u64) -> u64:
    """Address of an encoded name's bytes."""
    at = u64(name + 1)
    while ptr_at(u8, at)[0] >= 128:
        at = u64(at + 1)
    return u64(at + 1)


def same_name(a: u64, b: u64) -> boolean:
    """Whether two encoded names have the same bytes."""
    n = name_len(a)
    if n != name_len(b):
        return False
    return memcmp(name_data(a), name_data(b), n) == 0


def name_before(a: u64, b: u64) -> boolean:
    """Whether name a sorts before name b, by bytes."""
    na = name_len(a)
    nb = name_len(b)
    c = memcmp(name_data(a), name_data(b), na if na < nb else nb)
    return c < 0 or (c == 0 and na < nb)


def name_package(name: u64) -> u64:
    """The encoded path of the package that an unexported method's name belongs to, or 0."""
    if ptr_at(u8, name)[0] & 4 == 0:
        return u64(0)
    return offset_from(name, ptr_at(i32, u64(name_data(name) + name_len(name)))[0])


def same_method_name(a: u64, b: u64) -> boolean:
    """Whether two names of methods are the same: unexported ones must belong to the same package."""
    if not same_name(a, b):
        return False
    p = name_package(a)
    q = name_package(b)
    return p == q or (p != 0 and q != 0 and same_name(p, q))


def is_blank_name(name: u64) -> boolean:
    """Whether the name is _."""
    return name_len(name) == 1 and ptr_at(u8, name_data(name))[0] == 95


def type_string(t: Ptr[Type]) -> u64:
    """Address of the bytes of a type's text, such as main.T."""
    name = offset_from(t.addr, t.at.str)
    data = name_data(name)
    return u64(data + 1) if t.at.tflag & TFLAG_EXTRA_STAR != 0 else data


def type_string_len(t: Ptr[Type]) -> u64:
    """Length of a type's text."""
    n = name_len(offset_from(t.addr, t.at.str))
    return u64(n - 1) if t.at.tflag & TFLAG_EXTRA_STAR != 0 else n


def is_direct_iface(t: Ptr[Type]) -> boolean:
    """Whether an interface's data word is the value itself."""
    return t.at.tflag & TFLAG_DIRECT_IFACE != 0


def same_type(a: u64, b: u64) -> boolean:
    """Whether two descriptors describe the same type. Descriptors are unique within a program, except that those made
    for different packages may be unmerged: then hash and text agree."""
    if a == b:
        return True
    if a == 0 or b == 0:
        return False
    x = ptr_at(Type, a)
    y = ptr_at(Type, b)
    if x.at.hash != y.at.hash or x.at.kind_ != y.at.kind_ or x.at.size != y.at.size:
        return False
    return same_text(x, y)


def same_text(x: Ptr[Type], y: Ptr[Type]) -> boolean:
    """Whether two types have the same text. Types of different scopes may."""
    n = type_string_len(x)
    return n == type_string_len(y) and memcmp(type_string(x), type_string(y), n) == 0


def uncommon(t: Ptr[Type]) -> Ptr[UncommonType]:
    """The uncommon part of a descriptor, or nil. Where it lies depends on the kind."""
    if t.at.tflag & TFLAG_UNCOMMON == 0:
        return nil(UncommonType)
    k = t.at.kind_
    at = u64(TYPE_SIZE)
    if k == KIND_STRUCT or k == KIND_INTERFACE:
        at = STRUCT_TYPE_SIZE
    elif k == KIND_POINTER or k == KIND_SLICE or k == KIND_FUNC:
        at = POINTER_TYPE_SIZE
    elif k == KIND_ARRAY:
        at = ARRAY_TYPE_SIZE
    elif k == KIND_CHAN:
        at = CHAN_TYPE_SIZE
    elif k == KIND_MAP:
        at = MAP_TYPE_SIZE
    return ptr_at(UncommonType, u64(t.addr + at))


def method_at(u: Ptr[UncommonType], i: u64) -> Ptr[Method]:
    """Method number i."""
    return ptr_at(Method, u64(u.addr + u64(u.at.moff) + i * 16))


def imethod_at(t: Ptr[InterfaceType], i: u64) -> Ptr[Imethod]:
    """Method number i of an interface type."""
    return ptr_at(Imethod, u64(t.at.methods + i * 8))


def common(t: Ptr[InterfaceType]) -> Ptr[Type]:
    """An interface type as a type."""
    return cast(Type, t)
