"""The constructs of random programs that are more than one line: types with methods, closures, maps, panics, ...

Each function writes one piece through a `programs.Writer`; those named in STATEMENTS are statements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.property.programs import Scope, Writer

SCALARS = (
    "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64",
    "float64", "float32", "bool", "string",
)  # fmt: skip
KEYS = ("int", "string", "uint8", "float64", "bool", "any")


# -- package-level declarations ----------------------------------------------------------------------


def constants(w: Writer) -> None:
    """Named constants that depend on each other."""
    w.line("const (")
    w.line(f"\tca = iota*{w.random.randint(1, 9)} + {w.random.randint(0, 9)}")
    w.line("\tcb")
    w.line("\tcc")
    w.line(f"\tcd = ca<<{w.random.randint(1, 20)} | cb&^cc")
    w.line(f"\tce = cd {w.pick('*', '-', '^')} {w.random.randint(1, 99)}")
    w.line("\tcf = len(cs) % 3")
    w.line('\tcs = "const" + "日本"')
    w.line(")")


def struct_type(w: Writer) -> None:
    """A struct of scalars, arrays and earlier structs, some of them embedded; some are over four words."""
    name = w.name("S")
    fields: list[tuple[str, str]] = []
    w.line(f"type {name} struct {{")
    if w.structs and w.random.random() < 0.6:
        inner = w.random.choice(list(w.structs))
        if w.random.random() < 0.6:
            w.line(f"\t{inner}")
            fields.append((inner, inner))
        else:
            field = w.name("s")
            w.line(f"\t{field} {inner}")
            fields.append((field, inner))
    for _ in range(w.random.randint(1, 6)):
        field, t = w.name("a"), w.random.choice(SCALARS)
        if w.random.random() < 0.15:
            t = f"[3]{t}"
        w.line(f"\t{field} {t}")
        fields.append((field, t))
    w.line("}")
    w.structs[name] = fields


def methods(w: Writer) -> None:
    """An interface, and its method on some of the structs."""
    interface, method = w.name("I"), w.name("M")
    parameters = [w.random.choice(SCALARS) for _ in range(w.random.randint(0, 2))]
    result = w.random.choice((*SCALARS, *w.structs))
    listed = "".join(f", _ {p}" for p in parameters)
    w.line(f"type {interface} interface {{ {method}(depth int{listed}) {result} }}")
    implementors = []
    for s in w.random.sample(list(w.structs), w.random.randint(1, len(w.structs))):
        is_pointer = w.random.random() < 0.5
        names = [w.name("p") for _ in parameters]
        scope = w.package_scope()
        for v, t in zip(names, parameters, strict=True):
            scope.add(t, v)
        for path, t in w.paths(s):
            scope.add(t, f"z.{path}")
        signature = "".join(f", {v} {t}" for v, t in zip(names, parameters, strict=True))
        w.line(f"func (z {'*' if is_pointer else ''}{s}) {method}(depth int{signature}) {result} {{")
        w.line(f"\tif depth <= 0 {{ return {w.literal(result)} }}")
        w.block(scope, 1)
        w.line(f"\treturn {w.expr(result, scope, 2)}")
        w.line("}")
        implementors.append((s, is_pointer))
    for s, is_pointer in implementors:
        w.methods.append((s, method, parameters, result))
        w.interfaces.setdefault(interface, []).append(f"&{s}" if is_pointer else s)
    w.methods.append((interface, method, parameters, result))


def deep_function(w: Writer) -> None:
    """Recursion hundreds of frames deep that passes a struct by value and a pointer into the caller's frame."""
    name, t, s = w.name("deep"), w.random.choice(SCALARS), w.random.choice(list(w.structs))
    paths = [p for p, u in w.paths(s) if u == t]
    scope = w.package_scope()
    for v, u in (("x", t), ("y", t), ("local", s), ("p", f"*{s}")):
        scope.add(u, v)
    w.calls = False
    w.line(f"func {name}(n int, x {t}, p *{s}) (y {t}, z {s}) {{")
    w.line("\tlocal := *p")
    w.line(f"\tif n <= 0 {{ return {w.expr(t, scope, 1)}, local }}")
    if w.random.random() < 0.5:
        w.line(f"\ty, z = {name}(n-1, {w.expr(t, scope, 2)}, &local)")
    else:
        w.line(f"\tfunc() {{ y, z = {name}(n-1, {w.expr(t, scope, 2)}, &local) }}()")
    for path in paths:
        w.line(f"\tp.{path}, z.{path} = y, local.{path}")
    w.line(f"\treturn {w.expr(t, scope, 2)}, z")
    w.line("}")
    w.calls = True
    w.deep.append((name, t, s))


def pair_function(w: Writer) -> None:
    """A function with several results, named or not."""
    name = w.name("pair")
    types = [w.random.choice((*SCALARS, *w.structs)) for _ in range(w.random.randint(2, 3))]
    scope = w.package_scope()
    scope.add("int", "depth")
    named = w.random.random() < 0.5
    results = [w.name("r") for _ in types]
    if named:
        w.line(f"func {name}(depth int) ({', '.join(f'{r} {t}' for r, t in zip(results, types, strict=True))}) {{")
        for r, t in zip(results, types, strict=True):
            scope.add(t, r)
    else:
        w.line(f"func {name}(depth int) ({', '.join(types)}) {{")
    values = ", ".join(w.literal(t) for t in types)
    w.line(f"\tif depth <= 0 {{ return {values} }}")
    w.block(scope, 1)
    w.line("\treturn " + ", ".join(w.expr(t, scope, 2) for t in types))
    w.line("}")
    w.pairs.append((name, types))


# -- statements --------------------------------------------------------------------------------------


def several_results(w: Writer, scope: Scope, fuel: int) -> None:
    """`a, b := f()`"""
    if not w.pairs or not w.calls:
        return
    name, types = w.random.choice(w.pairs)
    names = [w.name() for _ in types]
    w.line(f"{', '.join(names)} := {name}(depth-1)")
    for v, t in zip(names, types, strict=True):
        w.line(f"_ = {v}")
        scope.add(t, v)


def struct_variable(w: Writer, scope: Scope, fuel: int) -> None:
    """A struct, array of structs, pointer to a struct or to a field of one."""
    s, v = w.random.choice(list(w.structs)), w.name()
    kind = w.random.random()
    if kind < 0.5:
        w.line(f"{v} := {w.expr(s, scope, 2)}")
        scope.add(s, v)
    elif kind < 0.7:
        w.line(f"{v} := [3]{s}{{2: {w.expr(s, scope, 1)}}}")
        scope.add(f"[3]{s}", v)
    elif kind < 0.85 or not scope.variables.get(s):
        w.line(f"{v} := &{w.literal(s)}")
        scope.add(f"*{s}", v)
    else:
        path, t = w.random.choice(w.paths(s))
        of = w.random.choice(scope.variables[s])
        w.line(f"{v} := &{of}.{path}")
        scope.add(f"*{t}", v)
    w.line(f"_ = {v}")


def interface_variable(w: Writer, scope: Scope, fuel: int) -> None:
    """An interface that holds a struct or a pointer to one; nil now and then."""
    if not w.interfaces:
        return
    interface = w.random.choice(list(w.interfaces))
    v, holder = w.name(), w.random.choice(w.interfaces[interface])
    s = holder.removeprefix("&")
    w.line(f"var {v} {interface}")
    if w.random.random() < 0.95:
        if holder[0] == "&":
            w.line(f"{v} = &{w.literal(s)}")
        else:
            w.line(f"{v} = {w.expr(s, scope, 1)}")
    w.line(f"_ = {v}")
    scope.add(interface, v)
    if w.random.random() < 0.3:
        w.line(f"if x, ok := {v}.({'*' if holder[0] == '&' else ''}{s}); ok {{ println(x.{w.paths(s)[0][0]}) }}")


def type_switch(w: Writer, scope: Scope, fuel: int) -> None:
    """A switch over what an interface holds."""
    if w.interfaces and w.random.random() < 0.4:
        values = [v for i in w.interfaces for v in scope.variables.get(i, ())]
    else:
        values = [v for t in SCALARS for v in scope.variables.get(f"any {t}", ())]
    if not values:
        return
    x = w.name("x")
    w.line(f"switch {x} := any({w.random.choice(values)}).(type) {{")
    for t in w.random.sample((*SCALARS, *w.structs), 5):
        w.line(f"case {t}:")
        w.line(f"\t_ = {x}")
        inner = scope.inner()
        inner.add(t, x)
        w.block(inner, fuel - 1)
    w.line("case nil:")
    w.line('\tprintln("nil")')
    for interface in w.interfaces:
        w.line(f"case {interface}:")
        w.line(f"\t_ = {x}")
    w.line("default:")
    w.line('\tprintln("other")')
    w.line("}")


def capture(w: Writer, scope: Scope, fuel: int) -> None:
    """A closure that changes variables around it, called at once, later, or by a goroutine."""
    v = w.name("fn")
    w.line(f"{v} := func() {{")
    w.block(scope.inner(), min(fuel - 1, 1))
    w.line("}")
    for _ in range(w.random.randint(0, 2)):
        w.line(f"{v}()")
    if w.random.random() < 0.3:
        done = w.name("done")
        w.line(f"{done} := make(chan bool)")
        w.line(f"go func() {{ {v}(); {done} <- true }}()")
        w.line(f"<-{done}")
    w.line(f"_ = {v}")


def map_variable(w: Writer, scope: Scope, fuel: int) -> None:
    """A map, written, read, shortened, and ranged over in a way that order does not show."""
    v, k, t = w.name("m"), w.random.choice((*KEYS, *w.structs)), w.random.choice((*SCALARS, *w.structs))

    def key() -> str:
        return w.expr(w.random.choice(SCALARS), scope, 1) if k == "any" else w.expr(k, scope, 1)

    w.line(f"{v} := map[{k}]{t}{{}}")
    for _ in range(w.random.randint(1, 5)):
        w.line(f"{v}[{key()}] = {w.expr(t, scope, 2)}")
    if t in ("int", "uint8", "string", "float64"):
        w.line(f"{v}[{key()}] += {w.expr(t, scope, 1)}")
    if w.random.random() < 0.5:
        w.line(f"delete({v}, {key()})")
    x, ok = w.name(), w.name()
    w.line(f"{x}, {ok} := {v}[{key()}]")
    w.line(f"println(len({v}), {ok})")
    w.line(f"_ = {x}")
    scope.add(t, x)
    if t in ("int", "uint8", "uint32"):
        total = w.name()
        w.line(f"var {total} {t}")
        w.line(f"for _, e := range {v} {{ {total} += e*e + 1 }}")
        scope.add(t, total)
        w.line(f"_ = {total}")


def labeled(w: Writer, scope: Scope, fuel: int) -> None:
    """Nested loops left by label."""
    label, i, j = w.name("L"), w.name("i"), w.name("i")
    w.line(f"{label}:")
    w.line(f"for {i} := 0; {i} < {w.random.randint(1, 3)}; {i}++ {{")
    w.line(f"for {j} := range {w.random.randint(1, 3)} {{")
    inner = scope.inner()
    inner.add("int", i)
    inner.add("int", j)
    w.line(f"_, _ = {i}, {j}")
    w.block(inner, min(fuel - 1, 1))
    w.line(f"if {w.expr('bool', inner, 2)} {{ {w.pick('break', 'continue')} {label} }}")
    w.line("}")
    w.line("}")


def select(w: Writer, scope: Scope, fuel: int) -> None:
    """A select of which one case at most can go, so that the choice is no matter of chance."""
    t, c, d = w.random.choice((*SCALARS, *w.structs)), w.name("c"), w.name("c")
    full = w.random.random() < 0.5
    w.line(f"{c}, {d} := make(chan {t}, 1), make(chan int)")
    w.line(f"_ = {d}")
    if full:
        w.line(f"{c} <- {w.expr(t, scope, 2)}")
    w.line("select {")
    x = w.name("x")
    w.line(f"case {x}, ok := <-{c}:")
    w.line(f"\t_ = {x}")
    w.line("\tprintln(ok)")
    inner = scope.inner()
    inner.add(t, x)
    w.block(inner, min(fuel - 1, 1))
    if w.random.random() < 0.5:
        w.line(f"case {d} <- {w.expr('int', scope, 1)}:")
        w.line('\tprintln("sent")')
    w.line("default:")
    w.block(scope.inner(), min(fuel - 1, 1))
    w.line("}")
    if w.random.random() < 0.5:
        w.line(f"go func() {{ {d} <- {w.expr('int', scope, 1)} }}()")
        w.line("select {")
        w.line(f"case x := <-{d}:")
        w.line("\tprintln(x)")
        w.line("case <-(chan bool)(nil):")
        w.line("}")


def build_string(w: Writer, scope: Scope, fuel: int) -> None:
    """A string made piece by piece, and its bytes and runes."""
    v = w.name()
    w.line(f'{v} := ""')
    w.line(f"for i := range {w.random.randint(1, 6)} {{")
    w.line(f"\t{v} += {w.expr('string', scope, 1)} + string(rune('a'+i))")
    w.line("}")
    scope.add("string", v)
    kind = w.random.random()
    if kind < 0.3:
        w.line(f"for i, r := range {v} {{ println(i, r) }}")
    elif kind < 0.6:
        w.line(f"println(string([]rune({v})[:1]), len([]byte({v})), {v}[len({v})/2:])")
    elif kind < 0.8:
        other = w.expr("string", scope, 1)
        w.line(f'switch {v} {{ case "a", "ab": println(1); case {other} + "x": println(2) }}')
    else:
        w.line(f"println({v} < {w.expr('string', scope, 1)}, {v}[0])")


def deep_call(w: Writer, scope: Scope, fuel: int) -> None:
    """A recursion that makes the stack grow."""
    if not w.deep or not w.calls:
        return
    name, t, s = w.random.choice(w.deep)
    v, r, z = w.name(), w.name(), w.name()
    w.line(f"{v} := {w.expr(s, scope, 1)}")
    w.line(f"{r}, {z} := {name}({w.random.choice([3, 30, 200])}, {w.expr(t, scope, 1)}, &{v})")
    for x, u in ((v, s), (r, t), (z, s)):
        scope.add(u, x)
        w.line(f"_ = {x}")


def recovers(w: Writer, scope: Scope, fuel: int) -> None:
    """A function literal with deferred calls, one of which recovers, that may panic."""
    result = w.random.choice(SCALARS)
    v, r = w.name(), w.name("r")
    w.line(f"{v} := func() ({r} {result}) {{")
    w.depth += 1
    inner = scope.inner()
    inner.add(result, r)
    w.line("defer func() {")
    w.line("\tswitch e := recover().(type) {")
    w.line('\tcase nil: println("no panic")')
    w.line('\tcase error: println("error", e.Error())')
    w.line('\tcase string: println("string", e)')
    w.line('\tcase int: println("int", e)')
    w.line('\tdefault: println("other")')
    w.line("\t}")
    w.line(f"\t{r} = {w.expr(result, inner, 2)}")
    w.line("}()")
    if w.random.random() < 0.5:
        w.line(f"defer println({w.expr('int', inner, 1)}, {w.expr('string', inner, 1)})")
    if w.random.random() < 0.3:
        w.line(f"for i := range {w.random.randint(1, 3)} {{ defer func() {{ println(i, {r}) }}() }}")
    if w.random.random() < 0.2:
        w.line("defer func() {")
        w.block(inner.inner(), min(fuel - 1, 1))
        w.line("}()")
    w.depth -= 1
    w.block(inner, min(fuel - 1, 1))
    if w.random.random() < 0.5:
        t = w.random.choice(("int", "string", "string", "float32", *w.structs))
        w.line(f"\tif {w.expr('bool', inner, 2)} {{ panic({w.expr(t, inner, 1)}) }}")
    if w.random.random() < 0.3:
        w.line("\tvar nothing *struct{ a [4]int }")
        w.line(f"\tif {w.expr('bool', inner, 2)} {{ nothing.a[1]++ }}")
    w.line(f"\treturn {w.expr(result, inner, 2)}")
    w.line("}()")
    scope.add(result, v)
    w.line(f"_ = {v}")


STATEMENTS = (
    several_results, struct_variable, struct_variable, interface_variable, type_switch, capture, map_variable,
    labeled, select, build_string, deep_call,
)  # fmt: skip
