"""Types and objects as text, in four spellings.

- `type_string`: as gc prints types in messages; the qualifier says how a package is named there.
- `runtime_string`: as reflect and `%T` print them.
- `link_string`: unique across packages, for symbol names; identical types have equal strings.
- `hash_string`: unique within one process, for interning instances; stricter about unresolved types.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TypeAlias

from morestack.syntax.nodes import ChanDir
from morestack.types.const.text import quote
from morestack.types.core.objects import (
    Builtin,
    Const,
    Func,
    Label,
    Nil,
    Object,
    Package,
    PkgName,
    TypeName,
    Var,
    is_exported,
    method_key,
    same_package,
)
from morestack.types.core.types import (
    Alias,
    Array,
    Basic,
    Chan,
    Interface,
    Kind,
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
from morestack.types.core.under import signature_of, unalias
from morestack.types.core.universe import COMPARABLE, UNIVERSE
from morestack.types.identity.identical import type_set

Qualifier: TypeAlias = Callable[[Package], str]
"""Gives the prefix, without the dot, of a package's names; "" for none."""


def relative_to(pkg: Package | None) -> Qualifier:
    """gc's qualifier: names of pkg itself are bare, others have their package's name."""

    def qualify(other: Package) -> str:
        return "" if same_package(other, pkg) else other.name

    return qualify


class _Style(Enum):
    MESSAGE = "message"
    RUNTIME = "runtime"
    ARGUMENT = "argument"  # a type argument inside a RUNTIME name: packages by path, fields qualified
    LINK = "link"
    HASH = "hash"


class _Writer:
    """Builds one string; `seen` stops cycles through unnamed types, which only bad programs have."""

    def __init__(self, style: _Style, qualifier: Qualifier | None) -> None:
        self.style = style
        self.qualifier = qualifier
        self.out: list[str] = []
        self.seen: set[int] = set()
        self.type_params: list[TypeParam] = []
        self.param_names = style is _Style.MESSAGE
        self.pkg_info = False
        self.spaced = style in (_Style.RUNTIME, _Style.ARGUMENT, _Style.LINK)

    def package_prefix(self, pkg: Package | None) -> str:
        if pkg is None:
            return ""
        if self.qualifier is not None:
            name = self.qualifier(pkg)
        elif self.style is _Style.RUNTIME:
            name = pkg.name
        else:
            name = pkg.path
        return name + "." if name else ""

    def typ(self, t: Type | None) -> None:
        if t is None:
            self.out.append("<nil>")
            return
        if self.style is not _Style.MESSAGE:
            t = unalias(t)
        if isinstance(t, Basic):
            self.basic(t)
            return
        if id(t) in self.seen:
            self.out.append("<cycle>")
            return
        self.seen.add(id(t))
        if isinstance(t, Named):
            self.named(t)
        elif isinstance(t, Alias):
            self.type_name(t.obj)
            self.type_arguments(t.type_args, t.type_params)
        elif isinstance(t, TypeParam):
            self.type_param(t)
        else:
            self.literal(t)
        self.seen.discard(id(t))

    def basic(self, t: Basic) -> None:
        # byte and rune are spellings, not types, wherever identity matters
        text = t.name if self.style is _Style.MESSAGE else t.kind.value
        self.out.append("unsafe.Pointer" if t.kind is Kind.UNSAFE_POINTER else text)

    def literal(self, t: Type) -> None:
        out = self.out
        if isinstance(t, Pointer):
            out.append("*")
            self.typ(t.elem)
        elif isinstance(t, Slice):
            out.append("[]")
            self.typ(t.elem)
        elif isinstance(t, Array):
            out.append(f"[{t.len}]")
            self.typ(t.elem)
        elif isinstance(t, Map):
            out.append("map[")
            self.typ(t.key)
            out.append("]")
            self.typ(t.elem)
        elif isinstance(t, Chan):
            self.chan(t)
        elif isinstance(t, Struct):
            self.struct(t)
        elif isinstance(t, Signature):
            out.append("func")
            self.signature(t)
        elif isinstance(t, Interface):
            self.interface(t)
        elif isinstance(t, Tuple):
            self.tuple(t, False)
        elif isinstance(t, Union):
            self.terms(t.terms)

    def terms(self, terms: tuple[tuple[bool, Type], ...]) -> None:
        for i, (tilde, term) in enumerate(terms):
            if i:
                self.out.append(" | ")
            if tilde:
                self.out.append("~")
            self.typ(term)

    def chan(self, t: Chan) -> None:
        out = self.out
        out.append({ChanDir.BOTH: "chan ", ChanDir.SEND: "chan<- ", ChanDir.RECV: "<-chan "}[t.dir])
        elem = unalias(t.elem)
        parens = t.dir is ChanDir.BOTH and isinstance(elem, Chan) and elem.dir is ChanDir.RECV
        if parens:
            out.append("(")
        self.typ(t.elem)
        if parens:
            out.append(")")

    def struct(self, t: Struct) -> None:
        out = self.out
        if self.spaced:
            out.append("struct {" if not t.fields else "struct { ")
        else:
            out.append("struct{")
        for i, f in enumerate(t.fields):
            if i:
                out.append("; ")
            annotate = self.pkg_info and self.qualifier is None and not is_exported(f.name)
            if annotate:
                self.pkg_info = False
            self.field_name(f)
            self.typ(f.type)
            if annotate and f.pkg is not None:
                out.append(f" /* package {f.pkg.path} */ ")
            if i < len(t.tags) and t.tags[i]:
                out.append(" " + quote(t.tags[i].encode("utf-8", "surrogateescape")))
        out.append(" }" if self.spaced and t.fields else "}")

    def field_name(self, f: Var) -> None:
        unique = self.style in (_Style.LINK, _Style.HASH)
        if unique and f.embedded:
            self.out.append("@")  # an embedded field differs from one that is named like its type
        if f.embedded and not unique:
            return
        if not is_exported(f.name) and (unique or self.style is _Style.ARGUMENT):
            self.out.append(self.package_prefix(f.pkg))
        self.out.append(f.name + " ")

    def interface(self, t: Interface) -> None:
        out = self.out
        if self.style is _Style.MESSAGE:
            if t is COMPARABLE.underlying:
                out.append("interface{comparable}")
                return
            if t.implicit and not t.methods and len(t.embeddeds) == 1:
                self.typ(t.embeddeds[0])
                return
            methods, embeddeds = tuple(sorted(t.methods, key=method_key)), t.embeddeds
        else:
            methods, embeddeds = self.type_set_of(t)
        if not methods and not embeddeds:
            out.append("interface {}" if self.spaced else "interface{}")
            return
        out.append("interface { " if self.spaced else "interface{")
        first = True
        for m in methods:
            if not first:
                out.append("; ")
            first = False
            if self.style is not _Style.MESSAGE and not is_exported(m.name):
                out.append(self.package_prefix(m.pkg))
            out.append(m.name)
            self.signature(signature_of(m))
        for e in embeddeds:
            if not first:
                out.append("; ")
            first = False
            self.typ(e)
        out.append(" }" if self.spaced else "}")

    def type_set_of(self, t: Interface) -> tuple[tuple[Func, ...], tuple[Type, ...]]:
        """Sorted methods, and the types admitted in an order that does not depend on how they are written."""
        s = type_set(t)
        extra: tuple[Type, ...] = (COMPARABLE,) if s.comparable else ()
        if s.terms is not None:
            ordered = sorted(s.terms, key=lambda term: (_write(term.type, self.style, None), term.tilde))
            extra = (Union(tuple((term.tilde, term.type) for term in ordered)),)
        return s.methods, extra

    def named(self, t: Named) -> None:
        if self.style is _Style.HASH:
            self.out.append(f"{id(t)}{t.obj.name}")  # Named types are compared by identity: instances are interned
            return
        self.type_name(t.obj)
        args = t.type_args if self.style is _Style.MESSAGE else t.outer_args + t.type_args
        self.type_arguments(args, t.type_params if t.origin is None else ())
        self.local_number(t.obj)

    def type_arguments(self, args: tuple[Type, ...], params: tuple[TypeParam, ...]) -> None:
        if args:
            self.out.append("[")
            # reflect's names have full package paths inside the brackets
            within = _Style.ARGUMENT if self.style is _Style.RUNTIME else self.style
            for i, a in enumerate(args):
                if i:
                    self.out.append("," if self.spaced else ", ")
                if within is self.style:
                    self.typ(a)
                else:
                    self.out.append(_write(a, within, None))
            self.out.append("]")
        elif params and self.style is _Style.MESSAGE:
            self.type_param_list(params)

    def type_param_list(self, params: tuple[TypeParam, ...]) -> None:
        out = self.out
        out.append("[")
        previous: Type | None = None
        for i, p in enumerate(params):
            if i:
                if p.constraint is not previous:
                    out.append(" ")
                    self.typ(previous)
                out.append(", ")
            previous = p.constraint
            self.typ(p)
        if previous is not None and params:
            out.append(" ")
            self.typ(previous)
        out.append("]")

    def type_param(self, t: TypeParam) -> None:
        if t in self.type_params and self.style is not _Style.MESSAGE:
            self.out.append(f"${self.type_params.index(t)}")
            return
        self.out.append(t.obj.name)
        if self.style in (_Style.HASH, _Style.LINK):
            self.out.append(f"#{id(t)}")
        elif self.style is _Style.MESSAGE and UNIVERSE.lookup(t.obj.name) is not None:
            self.out.append(f" /* with {t.obj.name} declared at {t.obj.span} */")

    def type_name(self, obj: TypeName) -> None:
        self.out.append(self.package_prefix(obj.pkg) + obj.name)

    def local_number(self, obj: TypeName) -> None:
        """Write the number that distinguishes types with the same name in different functions, as in gc."""
        if self.style in (_Style.LINK, _Style.ARGUMENT) and is_local(obj):
            number = obj.local_number or (obj.span.start if obj.span is not None else 0)
            self.out.append(f"·{number}")

    def tuple(self, t: Tuple, variadic: bool) -> None:
        out = self.out
        out.append("(")
        last = len(t.vars) - 1
        for i, v in enumerate(t.vars):
            if i:
                out.append(", ")
            if v.name and self.param_names:
                out.append(v.name + " ")
            if variadic and i == last:
                vt = None if v.type is None else unalias(v.type)
                if isinstance(vt, Slice):
                    out.append("...")
                    self.typ(vt.elem)
                else:
                    self.typ(v.type)
                    out.append("...")
            else:
                self.typ(v.type)
        out.append(")")

    def signature(self, sig: Signature) -> None:
        if sig.type_params:
            if self.style is _Style.MESSAGE:
                self.type_param_list(sig.type_params)
            else:
                self.type_params.extend(sig.type_params)
                self.out.append(f"[{len(sig.type_params)}]")
        self.tuple(sig.params, sig.variadic)
        results = sig.results.vars
        if not results:
            return
        self.out.append(" ")
        if len(results) == 1 and (not self.param_names or not results[0].name):
            self.typ(results[0].type)
        else:
            self.tuple(sig.results, False)


def is_local(obj: TypeName) -> bool:
    """Whether obj is declared inside a function."""
    return obj.pkg is not None and obj.parent is not None and obj.parent is not obj.pkg.scope


def _write(t: Type | None, style: _Style, qualifier: Qualifier | None) -> str:
    writer = _Writer(style, qualifier)
    writer.typ(t)
    return "".join(writer.out)


def type_string(t: Type | None, qualifier: Qualifier | None = None) -> str:
    """Return the type as gc prints it in messages."""
    return _write(t, _Style.MESSAGE, qualifier)


def runtime_string(t: Type) -> str:
    """Return the type as reflect's String and `%T` print it."""
    return _write(t, _Style.RUNTIME, None)


def link_string(t: Type) -> str:
    """Return a name of the type that is unique across packages."""
    return _write(t, _Style.LINK, None)


def hash_string(t: Type) -> str:
    """Return a key that is equal for identical types, within this process."""
    return _write(t, _Style.HASH, None)


def signature_string(
    sig: Signature, qualifier: Qualifier | None = None, param_names: bool = True, pkg_info: bool = False
) -> str:
    """Parameters and results without `func`; `pkg_info` names packages of unexported struct fields."""
    writer = _Writer(_Style.MESSAGE, qualifier)
    writer.param_names = param_names
    writer.pkg_info = pkg_info
    writer.signature(sig)
    return "".join(writer.out)


def func_string(f: Func, qualifier: Qualifier | None = None, pkg_info: bool = False) -> str:
    """Name and signature, as in `have` and `want` lines."""
    return f.name + signature_string(signature_of(f), None if pkg_info else qualifier, False, pkg_info)


def object_string(obj: Object | Label, qualifier: Qualifier | None = None) -> str:
    """An object as types2 prints it: `var x int`, `type T struct{...}`, `func f()` ..."""

    def named(o: Object) -> str:
        if o.pkg is None or (isinstance(o, Var) and not o.is_global) or (o.pkg.scope is not o.parent):
            return o.name
        prefix = qualifier(o.pkg) if qualifier is not None else o.pkg.path
        return f"{prefix}.{o.name}" if prefix else o.name

    if isinstance(obj, Label):
        return f"label {obj.name}"
    if isinstance(obj, PkgName):
        text = f"package {obj.name}"
        return text if obj.imported.path == obj.name else f'{text} ("{obj.imported.path}")'
    if isinstance(obj, Builtin):
        return f"builtin {obj.name}"
    if isinstance(obj, Nil):
        return "nil"
    if isinstance(obj, Func):
        sig = signature_of(obj)
        recv = ""
        if sig.recv is not None:
            recv = f"({type_string(sig.recv.type, qualifier)})."
        return f"func {recv}{named(obj) if not recv else obj.name}{signature_string(sig, qualifier)}"
    if isinstance(obj, TypeName):
        text = f"type {named(obj)}"
        t = obj.type
        if obj.is_alias:
            return f"{text} = {type_string(t.actual if isinstance(t, Alias) else t, qualifier)}"
        if isinstance(t, Named):
            return f"{text} {type_string(t.underlying, qualifier)}"
        return text
    word = "const" if isinstance(obj, Const) else "field" if obj.is_field else "var"
    return f"{word} {named(obj)} {type_string(obj.type, qualifier)}"
