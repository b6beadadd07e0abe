"""Random Go programs that are well typed, end, and print what they computed.

`program(seed)` gives one as text. Loops are counted, recursion has a depth parameter, every variable is used.
Operations may panic (division, bounds, nil): then the program's output up to there and its exit code are
what must agree. What is longer than a line, or needs declarations, is in `constructs`.
"""

import random
from dataclasses import dataclass, field

from tests.property import constructs

INTS = ("int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64")
FLOATS = ("float64", "float32")
SCALARS = (*INTS, *FLOATS, "bool", "string")
BITS = {"int": 64, "uint": 64, "int8": 8, "uint8": 8}


def bits(t: str) -> int:
    """Width of an integer type."""
    return BITS.get(t) or int(t.removeprefix("uint").removeprefix("int"))


@dataclass
class Scope:
    """Variables in sight, by type."""

    variables: dict[str, list[str]] = field(default_factory=dict)

    def inner(self) -> "Scope":
        return Scope({t: list(names) for t, names in self.variables.items()})

    def add(self, t: str, name: str) -> None:
        self.variables.setdefault(t, []).append(name)


class Writer:
    """Writes one program."""

    def __init__(self, seed: int, defers: bool = True) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []
        self.names = 0
        self.depth = 0
        self.functions: list[tuple[str, list[str], str]] = []  # name, parameter types, result
        self.globals: list[tuple[str, str]] = []
        self.knowns: dict[str, str] = {}
        self.structs: dict[str, list[tuple[str, str]]] = {}  # fields and their types
        self.methods: list[tuple[str, str, list[str], str]] = []  # receiver type, name, parameter types, result
        self.interfaces: dict[str, list[str]] = {}  # what implements each: S or &S
        self.pairs: list[tuple[str, list[str]]] = []  # functions with several results
        self.deep: list[tuple[str, str, str]] = []
        self.calls = True  # whether expressions may call functions
        self.defers = defers

    def name(self, stem: str = "v") -> str:
        self.names += 1
        return f"{stem}{self.names}"

    def line(self, text: str) -> None:
        self.lines.append("\t" * self.depth + text)

    def pick(self, *choices: str) -> str:
        return self.random.choice(choices)

    def paths(self, s: str) -> list[tuple[str, str]]:
        """Selectors of the scalars in a struct, promoted ones through their short name, and their types."""
        found = []
        for field_name, t in self.structs[s]:
            if t in self.structs:
                prefix = "" if field_name == t else f"{field_name}."
                found += [(prefix + path, u) for path, u in self.paths(t)]
            elif t[0] == "[":
                found.append((f"{field_name}[{self.random.randint(0, 2)}]", t[3:]))
            else:
                found.append((field_name, t))
        return found

    def package_scope(self) -> Scope:
        scope = Scope()
        for t, v in self.globals:
            scope.add(t, v)
        return scope

    # -- expressions -------------------------------------------------------------------------------

    def known(self, t: str) -> str:
        """A package variable with a value nobody changes: a literal would make constant expressions overflow."""
        k = f"k{t}{self.random.randint(0, 3)}"
        if k not in self.knowns:
            self.knowns[k] = f"var {k} {t} = {self.literal(t)}"
        return k

    def literal(self, t: str) -> str:
        r = self.random
        if t in self.structs:
            fields = [(f, u) for f, u in self.structs[t] if r.random() < 0.7]
            return f"{t}{{{', '.join(f'{f}: {self.literal(u)}' for f, u in fields)}}}"
        if t[0] == "[":
            return f"{t}{{{r.randint(0, 2)}: {self.literal(t[3:])}}}"
        if t == "bool":
            return self.pick("true", "false")
        if t == "string":
            return self.pick('""', '"a"', '"go"', '"stack"', '"日本"', '"x\\xffy"')
        if t in FLOATS:
            return f"{t}({r.choice(['0', '1', '0.5', '-2.25', '3e5', '1e-3', '7'])})"
        width = bits(t)
        low, high = (0, 2**width - 1) if t[0] == "u" else (-(2 ** (width - 1)), 2 ** (width - 1) - 1)
        return f"{t}({r.choice([0, 1, 2, 3, 7, 10, 100, high, low, r.randint(low, high)])})"

    def variable(self, t: str, scope: Scope) -> str:
        names = scope.variables.get(t)
        return self.random.choice(names) if names else self.known(t)

    def expr(self, t: str, scope: Scope, fuel: int) -> str:
        """An expression of type t."""
        r = self.random
        if fuel <= 0 or r.random() < 0.25:
            return self.variable(t, scope) if r.random() < 0.8 else self.known(t)
        if t in self.structs:
            return r.choice([self.called, self.element, self.element])(t, scope, fuel - 1)
        forms = [self.arithmetic, self.arithmetic, self.converted, self.called, self.element]
        return r.choice(forms)(t, scope, fuel - 1)

    def arithmetic(self, t: str, scope: Scope, fuel: int) -> str:
        def sub(u: str) -> str:
            return self.expr(u, scope, fuel)

        if t in self.structs:
            return self.variable(t, scope)
        if t == "bool":
            u = self.random.choice((*SCALARS, *self.structs))
            if u in self.structs:
                return f"({sub(u)} {self.pick('==', '!=')} {self.variable(u, scope)})"
            if u == "bool":
                return f"({sub('bool')} {self.pick('&&', '||', '==', '!=')} {sub('bool')})"
            if self.random.random() < 0.2:
                return f"!({sub('bool')})"
            return f"({sub(u)} {self.pick('==', '!=', '<', '<=', '>', '>=')} {sub(u)})"
        if t == "string":
            return f"({sub('string')} + {sub('string')})"
        if t in FLOATS:
            return f"({sub(t)} {self.pick('+', '-', '*')} {sub(t)})"
        op = self.pick("+", "-", "*", "/", "%", "&", "|", "^", "&^", "<<", ">>")
        if op in ("<<", ">>"):
            return f"({sub(t)} {op} (uint({sub('uint8')}) % 70))"
        if op in ("/", "%") and self.random.random() < 0.95:
            return f"({sub(t)} {op} ({sub(t)} | 1))"
        if self.random.random() < 0.1:
            return f"({self.pick('-', '^')}{self.variable(t, scope)})"
        return f"({sub(t)} {op} {sub(t)})"

    def converted(self, t: str, scope: Scope, fuel: int) -> str:
        if t in INTS:
            if self.random.random() < 0.1:
                return f"{t}({self.pick('ca', 'cb', 'cc', 'cd%100', 'ce&31', 'cf')})"
            if self.random.random() < 0.2:
                return f"{t}(len({self.expr('string', scope, fuel)}))"
            return f"{t}({self.expr(self.random.choice(INTS), scope, fuel)})"
        if t in FLOATS:
            return f"{t}({self.expr(self.random.choice((*INTS, *FLOATS)), scope, fuel)})"
        if t == "string":
            return f"string(rune({self.expr('uint16', scope, fuel)}))"
        return self.arithmetic(t, scope, fuel)

    def called(self, t: str, scope: Scope, fuel: int) -> str:
        fitting = [(name, parameters) for name, parameters, result in self.functions if result == t]
        for receiver, name, parameters, result in self.methods:
            if result == t:
                fitting += [(f"{v}.{name}", parameters) for v in scope.variables.get(receiver, ())]
                fitting += [(f"{v}.{name}", parameters) for v in scope.variables.get(f"*{receiver}", ())]
        if not fitting or not self.calls:
            return self.arithmetic(t, scope, fuel)
        name, parameters = self.random.choice(fitting)
        args = ", ".join(["depth-1", *(self.expr(p, scope, fuel - 1) for p in parameters)])
        return f"{name}({args})"

    def element(self, t: str, scope: Scope, fuel: int) -> str:
        """An element of a slice or array, a field, a dereference, or a call of a closure."""
        choices = [f"{v}[{self.index(scope, fuel, v)}]" for v in scope.variables.get("[]" + t, ())]
        choices += [f"{v}[{self.index(scope, fuel, v)}]" for v in scope.variables.get("[3]" + t, ())]
        choices += [f"*{v}" for v in scope.variables.get("*" + t, ())]
        choices += [f"{v}.a" for v in scope.variables.get(f"pair_{t}", ())]
        choices += [f"{v}({self.variable(t, scope)})" for v in scope.variables.get(f"func({t}) {t}", ())]
        choices += [f"{v}.({t})" for v in scope.variables.get(f"any {t}", ())]
        for s in self.structs if t not in self.structs else ():
            fitting = [path for path, u in self.paths(s) if u == t]
            if fitting:
                path = self.random.choice(fitting)
                choices += [f"{v}.{path}" for v in scope.variables.get(s, ())]
                choices += [f"{v}.{path}" for v in scope.variables.get("*" + s, ())]
                choices += [f"{v}[{self.index(scope, 0, v)}].{path}" for v in scope.variables.get("[3]" + s, ())]
        return self.random.choice(choices) if choices else self.arithmetic(t, scope, fuel)

    def index(self, scope: Scope, fuel: int, v: str) -> str:
        if self.random.random() < 0.03:
            return self.expr("uint8", scope, 0)
        return f"int({self.expr('uint8', scope, min(fuel, 1))})%len({v})"

    # -- statements --------------------------------------------------------------------------------

    def declare(self, scope: Scope) -> None:
        t = self.random.choice(SCALARS)
        v = self.name()
        kind = self.random.random()
        if kind < 0.5:
            self.line(f"var {v} {t} = {self.expr(t, scope, 3)}")
            scope.add(t, v)
        elif kind < 0.6:
            self.line(f"{v} := []{t}{{{self.expr(t, scope, 2)}, {self.expr(t, scope, 1)}}}")
            scope.add("[]" + t, v)
        elif kind < 0.7:
            self.line(f"{v} := [3]{t}{{1: {self.expr(t, scope, 2)}}}")
            scope.add("[3]" + t, v)
        elif kind < 0.8 and scope.variables.get(t):
            self.line(f"{v} := &{self.random.choice(scope.variables[t])}")
            scope.add("*" + t, v)
        elif kind < 0.87:
            self.line(f'{v} := struct{{ a {t}; b int; c string }}{{{self.expr(t, scope, 2)}, 1, "c"}}')
            scope.add(f"pair_{t}", v)
        elif kind < 0.93:
            p = self.name("p")
            inner = scope.inner()
            inner.add(t, p)
            self.line(f"{v} := func({p} {t}) {t} {{ return {self.expr(t, inner, 2)} }}")
            scope.add(f"func({t}) {t}", v)
        else:
            self.line(f"var {v} any = {self.expr(t, scope, 2)}")
            scope.add(f"any {t}", v)
        self.line(f"_ = {v}")

    def assign(self, scope: Scope) -> None:
        t = self.random.choice((*SCALARS, *SCALARS, *self.structs))
        targets = list(scope.variables.get(t, ()))
        targets += [f"*{v}" for v in scope.variables.get("*" + t, ())]
        targets += [f"{v}.a" for v in scope.variables.get(f"pair_{t}", ())]
        targets += [f"{v}[{self.index(scope, 1, v)}]" for v in scope.variables.get("[]" + t, ())]
        targets += [f"{v}[{self.index(scope, 1, v)}]" for v in scope.variables.get("[3]" + t, ())]
        for s in self.structs:
            for path, u in self.paths(s):
                if u == t:
                    targets += [f"{v}.{path}" for v in scope.variables.get(s, ())]
                    targets += [f"{v}.{path}" for v in scope.variables.get("*" + s, ())]
        targets = [x for x in targets if not x.startswith(("i", "p", "depth"))]
        if len(targets) > 1 and self.random.random() < 0.2:
            a, b = self.random.sample(targets, 2)
            self.line(f"{a}, {b} = {self.expr(t, scope, 2)}, {self.expr(t, scope, 2)}")
        elif targets:
            op = self.pick("=", "+=") if t in (*INTS, *FLOATS) else "="
            self.line(f"{self.random.choice(targets)} {op} {self.expr(t, scope, 3)}")

    def show(self, scope: Scope) -> None:
        shown = [self.expr(self.random.choice(SCALARS), scope, 2) for _ in range(self.random.randint(1, 3))]
        kept = [v for t in SCALARS for v in scope.variables.get(t, ())]
        shown += self.random.sample(kept, min(len(kept), 3))
        self.line(f"println({', '.join(shown)})")

    def branch(self, scope: Scope, fuel: int) -> None:
        self.line(f"if {self.expr('bool', scope, 3)} {{")
        self.block(scope.inner(), fuel)
        if self.random.random() < 0.5:
            self.line("} else {")
            self.block(scope.inner(), fuel)
        self.line("}")

    def loop(self, scope: Scope, fuel: int) -> None:
        i = self.name("i")
        inner = scope.inner()
        slices = [v for t in SCALARS for v in scope.variables.get("[]" + t, ())]
        if slices and self.random.random() < 0.3:
            self.line(f"for {i} := range {self.random.choice(slices)} {{")
        elif self.random.random() < 0.2:
            self.line(f"for {i} := range {self.variable('string', scope)} {{")
        else:
            self.line(f"for {i} := 0; {i} < {self.random.randint(1, 4)}; {i}++ {{")
        inner.add("int", i)
        self.line(f"\t_ = {i}")
        self.block(inner, fuel)
        if self.random.random() < 0.3:
            self.depth += 1
            self.line(f"if {self.expr('bool', inner, 2)} {{ {self.pick('break', 'continue')} }}")
            self.depth -= 1
        self.line("}")

    def switch(self, scope: Scope, fuel: int) -> None:
        self.line(f"switch {self.expr('uint8', scope, 2)} % 4 {{")
        for n in range(3):
            self.line(f"case {n}:")
            self.block(scope.inner(), fuel)
        self.line("default:")
        self.block(scope.inner(), fuel)
        self.line("}")

    def append(self, scope: Scope) -> None:
        t = self.random.choice(SCALARS)
        slices = scope.variables.get("[]" + t)
        if slices:
            v = self.random.choice(slices)
            self.line(f"if len({v}) < 50 {{ {v} = append({v}, {self.expr(t, scope, 2)}) }}")

    def spawn(self, scope: Scope) -> None:
        """A goroutine that computes and sends; the result is received at once or through a buffer."""
        t = self.random.choice((*SCALARS, *self.structs))
        c, v = self.name("c"), self.name()
        self.line(f"{c} := make(chan {t}{self.pick('', ', 1', ', 2')})")
        self.line(f"go func() {{ {c} <- {self.expr(t, scope, 3)}; {c} <- {self.literal(t)}; close({c}) }}()")
        self.line(f"{v} := <-{c}")
        scope.add(t, v)
        if t in self.structs:
            path = self.random.choice(self.paths(t))[0]
            self.line(f"for x := range {c} {{ println(x.{path}, {v}.{path}, x == {v}) }}")
        else:
            self.line(f"for x := range {c} {{ println(x, {v}) }}")

    def block(self, scope: Scope, fuel: int, most: int = 4) -> None:
        self.depth += 1
        for _ in range(self.random.randint(most // 4, most)):
            kind = self.random.random()
            if fuel > 0 and kind < 0.1:
                self.branch(scope, fuel - 1)
            elif fuel > 0 and kind < 0.2:
                self.loop(scope, fuel - 1)
            elif fuel > 0 and kind < 0.25:
                self.switch(scope, fuel - 1)
            elif fuel > 0 and kind < 0.4:
                self.random.choice(constructs.STATEMENTS)(self, scope, fuel)
            elif fuel > 0 and kind < 0.43 and self.defers:
                constructs.recovers(self, scope, fuel)
            elif kind < 0.55:
                self.declare(scope)
            elif kind < 0.75:
                self.assign(scope)
            elif kind < 0.82:
                self.append(scope)
            elif kind < 0.86:
                self.spawn(scope)
            else:
                self.show(scope)
        self.depth -= 1

    def function(self) -> None:
        name, result = self.name("f"), self.random.choice((*SCALARS, *SCALARS, *self.structs))
        parameters = [self.random.choice((*SCALARS, *SCALARS, *self.structs)) for _ in range(self.random.randint(0, 4))]
        names = [self.name("p") for _ in parameters]
        scope = self.package_scope()
        for t, v in zip(parameters, names, strict=True):
            scope.add(t, v)
        listed = ", ".join(["depth int", *(f"{v} {t}" for v, t in zip(names, parameters, strict=True))])
        self.line(f"func {name}({listed}) {result} {{")
        self.line(f"\tif depth <= 0 {{ return {self.literal(result)} }}")
        self.functions.append((name, parameters, result))  # may call itself
        self.block(scope, 2, 8)
        self.line(f"\treturn {self.expr(result, scope, 3)}")
        self.line("}")

    def write(self) -> str:
        self.line("package main")
        for _ in range(self.random.randint(1, 3)):
            t, v = self.random.choice(SCALARS), self.name("g")
            self.line(f"var {v} {t} = {self.literal(t)}")
            self.globals.append((t, v))
        constructs.constants(self)
        for _ in range(self.random.randint(1, 3)):
            constructs.struct_type(self)
        pieces = [Writer.function, constructs.methods, constructs.pair_function, constructs.deep_function]
        for _ in range(self.random.randint(3, 7)):
            self.random.choice(pieces)(self)
        scope = self.package_scope()
        self.line("func main() {")
        self.line("\tdepth := 3")
        self.line("\t_ = depth")
        self.block(scope, 3, 24)
        for name, parameters, result in self.functions:
            args = ", ".join(["depth", *(self.literal(p) for p in parameters)])
            path = f".{self.random.choice(self.paths(result))[0]}" if result in self.structs else ""
            self.line(f"\tprintln({name}({args}){path})")
        for _, v in self.globals:
            self.line(f"\tprintln({v})")
        self.line("}")
        return "\n".join([*self.lines, *self.knowns.values()]) + "\n"


def program(seed: int, defers: bool = True) -> str:
    """The Go program of this seed; without `defers`, it has neither defer nor recover."""
    return Writer(seed, defers).write()
