"""Identity, type sets, selection, method sets, sizes and spellings of types built by hand."""

from morestack.syntax.nodes import ChanDir
from morestack.types.core import universe
from morestack.types.core.info import Mode, TypeAndValue
from morestack.types.core.objects import Func, Package, TypeName, Var
from morestack.types.core.scope import Scope
from morestack.types.core.sizes import alignof, offsetsof, sizeof
from morestack.types.core.types import (
    BYTE,
    FLOAT64,
    INT,
    INT8,
    INT32,
    INT64,
    RUNE,
    STRING,
    UINT8,
    UNTYPED_INT,
    UNTYPED_NIL,
    UNTYPED_STRING,
    Array,
    Chan,
    Interface,
    Map,
    Named,
    Pointer,
    Signature,
    Slice,
    Struct,
    Tuple,
    Type,
    TypeParam,
    Union,
)
from morestack.types.core.under import signature_of, under
from morestack.types.identity.comparable import comparable_type
from morestack.types.identity.identical import identical, strictly_comparable, type_set
from morestack.types.identity.instances import declared_methods
from morestack.types.identity.subst import instantiate_named, subst
from morestack.types.identity.type_params import common_under, has_nil
from morestack.types.identity.typestring import link_string, relative_to, runtime_string, type_string
from morestack.types.relation.convert import assignable_to, constant_conversion, convertible_to, implicit_type
from morestack.types.relation.implements import implements, verify
from morestack.types.relation.lookup import lookup_field_or_method, method_set

MAIN = Package("main", "main", Scope(universe.UNIVERSE))
OTHER = Package("a/b/strings", "strings", Scope(universe.UNIVERSE))
QF = relative_to(MAIN)


def named(name: str, underlying: Type | None, pkg: Package = MAIN) -> Named:
    obj = TypeName(name, None, pkg=pkg, parent=pkg.scope)
    t = Named(obj, underlying)
    obj.type = t
    return t


def field(name: str, t: Type, embedded: bool = False) -> Var:
    return Var(name, t, pkg=MAIN, is_field=True, embedded=embedded)


def struct(*fields: Var) -> Struct:
    return Struct(fields, ("",) * len(fields))


def func(params: list[Type], results: list[Type], variadic: bool = False) -> Signature:
    return Signature(Tuple(tuple(Var("", p) for p in params)), Tuple(tuple(Var("", r) for r in results)), variadic)


def method(t: Named, name: str, sig: Signature, pointer: bool = False) -> Func:
    recv = Var("r", Pointer(t) if pointer else t)
    f = Func(name, Signature(sig.params, sig.results, sig.variadic, recv), pkg=MAIN)
    t.methods.append(f)
    return f


def interface(**methods: Signature) -> Interface:
    return Interface(tuple(Func(n, s, pkg=MAIN) for n, s in methods.items()), ())


def param(name: str, constraint: Type) -> TypeParam:
    obj = TypeName(name, None, pkg=MAIN)
    p = TypeParam(obj, 0, constraint)
    obj.type = p
    return p


def operand(t: Type, mode: Mode = Mode.VALUE, value: int | bytes | None = None) -> TypeAndValue:
    return TypeAndValue(mode, t, value)


NOTHING = func([], [])


def test_identity() -> None:
    assert identical(BYTE, UINT8)
    assert identical(RUNE, INT32)
    assert identical(universe.ANY, Interface((), ()))
    assert identical(Map(STRING, Slice(INT)), Map(STRING, Slice(INT)))
    assert not identical(Array(INT, 2), Array(INT, 3))
    assert not identical(func([Slice(INT)], []), func([Slice(INT)], [], variadic=True))
    assert not identical(struct(field("a", INT)), struct(field("b", INT)))
    assert not identical(named("T", INT), named("T", INT))
    assert not identical(Struct((field("a", INT),), ("x",)), struct(field("a", INT)))


def test_identity_of_interfaces_is_that_of_their_type_sets() -> None:
    base = named("B", interface(M=NOTHING))
    flat = interface(N=NOTHING, M=NOTHING)
    nested = Interface((Func("N", NOTHING, pkg=MAIN),), (base,))
    assert identical(flat, nested)
    assert link_string(flat) == link_string(nested)
    assert not identical(flat, interface(N=NOTHING))


def test_identity_of_recursive_interfaces_terminates() -> None:
    a, b = named("A", None), named("B", None)
    a.underlying = interface(M=func([], [interface(N=func([], [a]))]))
    b.underlying = interface(M=func([], [interface(N=func([], [a]))]))
    assert identical(under(a), under(b))


def test_type_set_sorts_exported_names_first() -> None:
    s = type_set(interface(b=NOTHING, Z=NOTHING, a=NOTHING, A=NOTHING))
    assert [m.name for m in s.methods] == ["A", "Z", "a", "b"]


def test_unions_intersect() -> None:
    ints = Interface((), (Union(((True, INT), (False, STRING))),))
    both = Interface((), (ints, Union(((False, INT), (False, FLOAT64)))))
    terms = type_set(both).terms
    assert terms is not None
    assert [(t.tilde, t.type) for t in terms] == [(False, INT)]
    assert type_set(Interface((), (INT, STRING))).is_empty()


def test_lookup_finds_the_shallowest() -> None:
    inner = named("Inner", struct(field("x", INT), field("y", INT)))
    outer = named("Outer", struct(field("x", STRING), field("Inner", Pointer(inner), embedded=True)))
    assert lookup_field_or_method(outer, False, MAIN, "x").index == (0,)
    deep = lookup_field_or_method(outer, False, MAIN, "y")
    assert deep.index == (1, 1)
    assert deep.indirect
    assert lookup_field_or_method(outer, False, OTHER, "y").obj is None


def test_two_at_one_depth_are_ambiguous() -> None:
    a, b = named("A", struct(field("x", INT))), named("B", struct(field("x", INT)))
    found = lookup_field_or_method(struct(field("A", a, True), field("B", b, True)), False, MAIN, "x")
    assert found.obj is None
    assert found.index


def test_pointer_methods_need_an_address() -> None:
    t = named("T", struct())
    method(t, "M", NOTHING, pointer=True)
    found = lookup_field_or_method(t, False, MAIN, "M")
    assert found.obj is None
    assert found.indirect
    assert lookup_field_or_method(t, True, MAIN, "M").obj is not None
    assert [s.func.name for s in method_set(Pointer(t))] == ["M"]
    assert method_set(t) == ()


def test_method_sets_promote_hide_and_collide() -> None:
    a, b = named("A", struct()), named("B", struct())
    for t in (a, b):
        method(t, "Both", NOTHING)
    method(a, "Ptr", NOTHING, pointer=True)
    method(b, "Val", NOTHING)
    method(b, "Hidden", NOTHING)
    t = named("T", struct(field("Hidden", INT), field("A", a, True), field("B", Pointer(b), True)))
    method(t, "Own", NOTHING)
    assert [(s.func.name, s.index) for s in method_set(t)] == [("Own", (0,)), ("Val", (2, 1))]
    of_pointer = [(s.func.name, s.indirect) for s in method_set(Pointer(t))]
    assert of_pointer == [("Own", True), ("Ptr", True), ("Val", True)]


def test_implements_explains() -> None:
    t = named("T", struct())
    method(t, "M", NOTHING, pointer=True)
    method(t, "N", func([INT], []))
    i = named("I", interface(M=NOTHING))
    assert implements(Pointer(t), i, qf=QF) == (True, "")
    assert implements(t, i, qf=QF) == (False, "T does not implement I (method M has pointer receiver)")
    j = named("J", interface(N=NOTHING))
    wrong = "T does not implement J (wrong type for method N)\n\t\thave N(int)\n\t\twant N()"
    assert implements(t, j, qf=QF)[1] == wrong
    k = named("K", interface(n=NOTHING))
    missing = "T does not implement K (missing method n)\n\t\thave N(int)\n\t\twant n()"
    assert implements(t, k, qf=QF)[1] == missing
    pointer = "*I does not implement I (type *I is pointer to interface, not interface)"
    assert implements(Pointer(i), i, qf=QF)[1] == pointer


def test_constraints_explain() -> None:
    number = named("Number", Interface((), (Union(((False, INT), (True, FLOAT64))),)))
    p = (param("P", number),)
    assert verify(p, (INT,), QF) is None
    assert verify(p, (named("F", FLOAT64),), QF) is None
    tilde = "MyInt does not satisfy Number (possibly missing ~ for int in Number)"
    assert verify(p, (named("MyInt", INT),), QF) == (0, tilde)
    missing = "string does not satisfy Number (string missing in int | ~float64)"
    assert verify(p, (STRING,), QF) == (0, missing)
    c = (param("P", universe.COMPARABLE),)
    assert verify(c, (Slice(INT),), QF) == (0, "[]int does not satisfy comparable")
    assert verify(c, (universe.ANY,), QF) is None


def test_comparable() -> None:
    assert comparable_type(struct(field("a", INT))) == (True, "")
    bad = struct(field("a", Slice(INT)))
    assert comparable_type(bad) == (False, "struct containing []int cannot be compared")
    assert comparable_type(Array(Slice(INT), 2)) == (False, "[2][]int cannot be compared")
    assert comparable_type(universe.ANY) == (True, "")
    assert not strictly_comparable(universe.ANY)
    assert comparable_type(func([], [])) == (False, "")


def test_has_nil() -> None:
    assert has_nil(Slice(INT))
    assert has_nil(universe.ERROR)
    assert not has_nil(INT)
    assert not has_nil(param("P", universe.ANY))


def test_common_underlying_type_prefers_the_restricted_channel() -> None:
    p = param("P", Union(((False, Chan(ChanDir.BOTH, INT)), (False, Chan(ChanDir.RECV, INT)))))
    common, _ = common_under(p)
    assert isinstance(common, Chan)
    assert common.dir is ChanDir.RECV
    q = param("Q", Union(((False, Chan(ChanDir.SEND, INT)), (False, Chan(ChanDir.RECV, INT)))))
    assert common_under(q) == (None, "channels chan<- int and <-chan int have conflicting directions")


def test_assignability() -> None:
    ints = named("Ints", Slice(INT))
    assert assignable_to(operand(Slice(INT)), ints)[0]
    assert not assignable_to(operand(named("Other", Slice(INT))), ints)[0]
    assert assignable_to(operand(Chan(ChanDir.BOTH, INT)), Chan(ChanDir.RECV, INT))[0]
    assert not assignable_to(operand(Chan(ChanDir.RECV, INT)), Chan(ChanDir.BOTH, INT))[0]
    assert assignable_to(operand(UNTYPED_NIL, Mode.NIL), ints)[0]
    assert not assignable_to(operand(UNTYPED_NIL, Mode.NIL), INT)[0]
    assert assignable_to(operand(UNTYPED_INT, Mode.CONSTANT, 5), FLOAT64)[0]
    assert not assignable_to(operand(UNTYPED_INT, Mode.CONSTANT, 300), UINT8)[0]
    missing = "any does not implement error (missing method Error)"
    assert assignable_to(operand(universe.ANY), universe.ERROR) == (False, missing.replace("any", "interface{}"))
    assert assignable_to(operand(universe.ERROR), INT) == (False, "")


def test_untyped_constants_take_their_default_type_in_any() -> None:
    t, _, _ = implicit_type(operand(UNTYPED_INT, Mode.CONSTANT, 5), universe.ANY)
    assert t is INT
    assert implicit_type(operand(UNTYPED_INT, Mode.CONSTANT, 300), INT8)[2] == "overflows"


def test_conversions() -> None:
    assert constant_conversion(65, UNTYPED_INT, STRING) == (True, b"A")
    assert constant_conversion(-1, UNTYPED_INT, STRING) == (True, "\ufffd".encode())
    assert constant_conversion(b"x", UNTYPED_STRING, INT) == (False, None)
    assert convertible_to(operand(Slice(BYTE)), STRING)[0]
    assert convertible_to(operand(Slice(INT)), Pointer(Array(INT, 4)))[0]
    assert not convertible_to(operand(Slice(INT)), Array(STRING, 4))[0]
    tagged = Struct((field("a", INT),), ("x",))
    assert convertible_to(operand(tagged), named("T", struct(field("a", INT))))[0]
    assert not convertible_to(operand(STRING), INT)[0]


def test_sizes() -> None:
    s = struct(field("a", INT8), field("b", INT64), field("c", INT8))
    assert (offsetsof(s), sizeof(s), alignof(s)) == ([0, 8, 16], 24, 8)
    final_empty = struct(field("a", INT32), field("b", struct()))
    assert (offsetsof(final_empty), sizeof(final_empty)) == ([0, 4], 8)
    assert sizeof(struct()) == 0
    assert sizeof(Array(s, 3)) == 72
    assert sizeof(universe.ANY) == 16
    assert sizeof(Slice(INT)) == 24


def test_spellings() -> None:
    t = named("T", struct())
    u = named("Builder", struct(), OTHER)
    s = Struct((field("T", t, True), field("X", INT), field("y", BYTE)), ("", 'a:"b"', ""))
    assert type_string(s, QF) == 'struct{T; X int "a:\\"b\\""; y byte}'
    assert runtime_string(s) == 'struct { main.T; X int "a:\\"b\\""; y uint8 }'
    f = func([INT, Slice(BYTE)], [RUNE, universe.ERROR], True)
    assert runtime_string(f) == "func(int, ...uint8) (int32, error)"
    assert runtime_string(Chan(ChanDir.BOTH, Chan(ChanDir.RECV, INT))) == "chan (<-chan int)"
    assert runtime_string(universe.ANY) == "interface {}"
    assert runtime_string(interface(M=NOTHING, m=NOTHING)) == "interface { M(); main.m() }"
    assert runtime_string(Pointer(u)) == "*strings.Builder"
    assert link_string(Pointer(u)) == "*a/b/strings.Builder"
    assert type_string(universe.ANY) == "any"


def test_generic_instances_are_interned_and_lazy() -> None:
    p = param("E", universe.ANY)
    lst = named("List", None)
    lst.type_params = (p,)
    of_p = instantiate_named(lst, (p,))
    lst.underlying = struct(field("head", p), field("next", Pointer(of_p)))
    m = method(lst, "Head", func([], [p]))
    signature_of(m).recv_type_params = (p,)
    ints = instantiate_named(lst, (INT,))
    assert instantiate_named(lst, (INT,)) is ints
    u = under(ints)
    assert isinstance(u, Struct)
    assert u.fields[0].type is INT
    assert isinstance(u.fields[1].type, Pointer)
    assert u.fields[1].type.elem is ints
    head = declared_methods(ints)[0]
    assert signature_of(head).results.vars[0].type is INT
    assert head.origin is m
    assert type_string(ints, QF) == "List[int]"
    assert runtime_string(ints) == "main.List[int]"
    assert subst(Slice(of_p), {p: INT}).elem is ints


def test_local_types_of_generic_functions_differ_by_instance() -> None:
    p = param("P", universe.ANY)
    local = named("Local", struct(field("x", p)))
    local.outer_params = (p,)
    ints: Type = subst(local, {p: INT})
    assert ints is not local
    assert ints is subst(local, {p: INT})
    assert not identical(ints, subst(local, {p: STRING}))
    u = under(ints)
    assert isinstance(u, Struct)
    assert u.fields[0].type is INT
