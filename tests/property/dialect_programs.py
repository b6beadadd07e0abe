"""Random programs of the dialect that keep its rules, so that CPython and native code must agree on them.

Every value is in range by construction: arithmetic that may overflow is inside a cast (rule 1), divisors are not 0,
shift counts are masked, floats that become integers are bounded, NaNs are not stored (their bits may differ).
"""

import random

INTS = ("u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64")
PARAMS = {
    "p": "Ptr[Rec]", "a": "u64", "b": "u64", "c": "i64", "d": "i64", "e": "u32", "f": "i32", "g": "u8", "h": "i8",
    "k": "u16", "m": "i16", "x": "f64", "y": "f64", "t": "boolean",
}  # fmt: skip
FIELDS = {
    "u8": ["fa", "inner.ga"], "i8": ["fb"], "u16": ["fc"], "i16": ["fd"], "u32": ["fe"], "i32": ["ff", "inner.gb"],
    "u64": ["fg"], "i64": ["fh", "inner.gc"], "f64": ["fx", "inner.gx"], "boolean": ["ft"],
}  # fmt: skip
HEAD = """
from morestack.dialect.machine import *

K1 = u64(0x9E3779B97F4A7C15)
K2 = 77

@struct
class Inner:
    ga: u8
    gb: i32
    gc: i64
    gx: f64

@struct
class Rec:
    next: Ptr["Rec"]
    fa: u8
    fb: i8
    fc: u16
    fd: i16
    fe: u32
    ff: i32
    fg: u64
    ft: boolean
    fh: i64
    inner: Inner
    fx: f64
    fs: f32
    arr: Array[u32, Literal[8]]
    pair: Array[Inner, Literal[3]]

state: Static[Rec] = static(Rec)
word: Static[u64] = static(u64)
"""


def bits(kind: str) -> int:
    """The width of an integer kind."""
    return int(kind[1:])


def limits(kind: str) -> tuple[int, int]:
    """The least and greatest value of an integer kind."""
    return (0, 2 ** bits(kind) - 1) if kind[0] == "u" else (-(2 ** (bits(kind) - 1)), 2 ** (bits(kind) - 1) - 1)


class Generator:
    """Functions f0, f1, ...; each may call those before it."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.functions: list[tuple[str, str]] = []
        self.locals: dict[str, list[str]] = {}
        self.serial = 0

    def program(self, count: int) -> str:
        """The text of a module."""
        return HEAD + "".join(self.function(i) for i in range(count))

    def function(self, number: int) -> str:
        """A function with a few statements and a result."""
        kind = self.rng.choice((*INTS, "f64", "boolean"))
        self.locals = {}
        self.depth = 0
        params = ", ".join(f"{n}: {k}" for n, k in PARAMS.items())
        body = self.block(1, self.rng.randint(1, 6))
        text = f"\n\ndef f{number}({params}) -> {kind}:\n{body}    return {self.value(kind, 3)}\n"
        self.functions.append((f"f{number}", kind))
        return text

    # Statements.

    def block(self, indent: int, count: int) -> str:
        """Statements; names assigned inside are forgotten afterwards, as another path may skip them."""
        before = {k: list(v) for k, v in self.locals.items()}
        text = "".join(self.statement(indent) for _ in range(count))
        if indent > 1:
            self.locals = before
        return text

    def statement(self, indent: int) -> str:
        """One statement."""
        rng, pad = self.rng, "    " * indent
        choice = rng.randrange(10 if indent < 3 else 6)
        kind = rng.choice((*INTS, "f64", "boolean"))
        if choice == 0 and kind in INTS:
            return f"{pad}{self.place(kind)} {rng.choice(('&=', '|=', '^='))} {self.value(kind, 2)}\n"
        if choice == 1 and kind in INTS:
            return f"{pad}{self.place(kind)} >>= {self.count(kind)}\n"
        if choice <= 3:
            value = self.value(kind, 3)
            if kind == "f64":
                self.serial += 1
                name = f"v{self.serial}"
                self.locals.setdefault(kind, []).append(name)
                return (
                    f"{pad}{name} = {value} * 1.0\n{pad}if {name} == {name}:\n"
                    f"{pad}    {self.place(kind)} = {name}\n{pad}    p.at.fs = f32({name})\n"
                )
            return f"{pad}{self.place(kind)} = {value}\n"
        if choice <= 5:
            self.serial += 1
            name, value = f"v{self.serial}", self.value(kind, 3)
            self.locals.setdefault(kind, []).append(name)
            return f"{pad}{name}: {kind} = {value}\n"
        if choice <= 7:
            text = f"{pad}if {self.value('boolean', 3)}:\n{self.block(indent + 1, rng.randint(1, 2))}"
            if rng.random() < 0.5:
                text += f"{pad}else:\n{self.block(indent + 1, rng.randint(1, 2))}"
            return text
        self.serial += 1
        name, count = f"v{self.serial}", self.rng.choice(INTS)
        bound = f"{self.value(count, 1)} & 3" if count[0] == "u" else f"({self.value(count, 1)} & 7) - 3"
        step = rng.choice(("", ", 2", ", 3")) if count[0] == "u" else rng.choice((", 1", ", -1", ", -2"))
        before = {k: list(v) for k, v in self.locals.items()}
        self.locals.setdefault(count, []).append(name)
        body = self.block(indent + 1, rng.randint(1, 2))
        if rng.random() < 0.4:
            body += f"{pad}    if {self.value('boolean', 2)}:\n{pad}        {rng.choice(('break', 'continue'))}\n"
            body += self.block(indent + 1, 1)
        self.locals = before
        return f"{pad}for {name} in range({count}(1), {bound}{step}):\n{body}"

    def place(self, kind: str) -> str:
        """A place in memory."""
        rng = self.rng
        base = rng.choice(("p.at", "state.at", "p.at.next.at"))
        if kind == "u64" and rng.random() < 0.2:
            return "word.value"
        if kind == "u32" and rng.random() < 0.4:
            return f"{base}.arr[{self.index(8)}]"
        if kind == "i64" and rng.random() < 0.4:
            return f"{base}.pair[{self.index(3)}].gc"
        return f"{base}.{rng.choice(FIELDS[kind])}"

    def index(self, count: int) -> str:
        """An index below count."""
        kind = self.rng.choice(INTS)
        return f"{self.value(kind, 1)} % {count}"

    def count(self, kind: str) -> str:
        """A shift count below the kind's width."""
        other = self.rng.choice([k for k in INTS if bits(k) > 7])
        return f"({self.value(other, 1)} & {bits(kind) - 1})"

    # Expressions in range.

    def literal(self, kind: str) -> str:
        """A literal that fits, with its type, because it may stand alone."""
        low, high = limits(kind)
        value = self.rng.choice((low, high, 1, 0, 2, high // 2, self.rng.randint(low, high), self.rng.randint(0, 100)))
        return f"{kind}({value})"

    def leaf(self, kind: str) -> str:
        """A parameter, variable, field or literal."""
        rng = self.rng
        options = [n for n, k in PARAMS.items() if k == kind] + self.locals.get(kind, [])
        if options and rng.random() < 0.6:
            return rng.choice(options)
        if rng.random() < 0.5:
            return self.place(kind)
        if kind == "boolean":
            return rng.choice(("True", "False"))
        return f"f64({rng.choice((0.0, -1.5, 3.25e10, 1e300))!r})" if kind == "f64" else self.literal(kind)

    def value(self, kind: str, depth: int) -> str:
        """An expression of a kind, in range."""
        if depth <= 0 or self.rng.random() < 0.15:
            return self.leaf(kind)
        if kind == "boolean":
            return self.boolean(depth)
        if kind == "f64":
            return self.floating(depth)
        return self.integer(kind, depth - 1)

    def integer(self, kind: str, depth: int) -> str:
        """An integer expression in range."""
        rng = self.rng
        match rng.randrange(13):
            case 0 | 1 | 2 | 3:
                source = rng.choice([k for k in INTS if bits(k) >= bits(kind)])
                return f"{kind}({self.wrapping(source, depth)})"
            case 4:
                return f"{kind}({self.value(rng.choice(INTS), depth)})"
            case 5:
                return f"({self.value(kind, depth)} {rng.choice('&|^')} {self.value(kind, depth)})"
            case 6:
                return f"({self.value(kind, depth)} >> {self.count(kind)})"
            case 7:
                divisor = f"({self.value(kind, depth)} | 1)" if rng.random() < 0.7 else self.nonzero(kind)
                return f"{kind}({self.value(kind, depth)} {rng.choice(('//', '%'))} {divisor})"
            case 8:
                return f"({self.value(kind, depth)} if {self.value('boolean', depth)} else {self.value(kind, depth)})"
            case 9:
                return f"{rng.choice(('min', 'max'))}({self.value(kind, depth)}, {self.value(kind, depth)})"
            case 10:
                if kind == "u64":
                    return self.function_of_bits(depth)
                return f"{kind}({rng.choice(('t', self.value('boolean', depth)))})"
            case 11:
                bound = float(2 ** min(bits(kind) - 1, 50))
                low = "-1.0" if kind[0] == "u" else repr(-bound)
                x = rng.choice("xy")
                return f"{kind}({x} if {x} > {low} and {x} < {bound!r} else 1.5)"
            case _:
                return self.calling(kind, depth)

    def nonzero(self, kind: str) -> str:
        """A literal divisor."""
        return str(self.rng.choice((1, 2, 3, 8, 100) if kind[0] == "u" else (1, -1, 2, -2, 3, -7, 8, 64)))

    def wrapping(self, kind: str, depth: int) -> str:
        """An expression that may overflow, to stand directly inside a cast no wider than its kind."""
        rng = self.rng
        if depth <= 0:
            return self.leaf(kind)
        a = self.wrapping(kind, depth - 1)
        match rng.randrange(8):
            case 0 | 1 | 2:
                return f"({a} {rng.choice('+-*')} {self.wrapping(kind, depth - 1)})"
            case 3:
                return f"({a} << {self.count(kind)})"
            case 4:
                return f"({a} {rng.choice('&|^')} {self.wrapping(kind, depth - 1)})"
            case 5:
                return f"(-{a})" if rng.random() < 0.5 else f"(~{a})"
            case 6 if kind == "u64":
                return f"({a} {rng.choice('+*^')} {rng.choice(('K1', 'K2'))})"
            case _:
                return self.value(kind, depth - 1)

    def function_of_bits(self, depth: int) -> str:
        """The intrinsics."""
        a, b = self.value("u64", depth), self.value("u64", depth)
        return self.rng.choice(
            (f"mul_hi({a}, {b})", f"clz({a})", f"ctz({a})", f"popcount({a})", f"bit_length({a})", "f64_bits(x)",
             "atomic_add(word.ptr, 3)", "atomic_xchg(p.field(Rec.fg), 11)", "size_of(Rec)",
             "u64(memcmp(p, p.at.next, 24))", "atomic_load(p.field(Rec.fg))", f"u64(cas(word.ptr, {a}, {b}))",
             "p.at.next.addr", "len(p.at.arr)")
        )  # fmt: skip

    def calling(self, kind: str, depth: int) -> str:
        """A call of an earlier function, with the parameters passed on, some replaced."""
        options = [n for n, k in self.functions if k == kind]
        if not options or self.depth > 0:
            return self.leaf(kind)
        self.depth += 1
        args = [n if n in "pxy" or self.rng.random() < 0.7 else self.value(k, depth - 1) for n, k in PARAMS.items()]
        self.depth -= 1
        return f"{self.rng.choice(options)}({', '.join(args)})"

    def boolean(self, depth: int) -> str:
        """A condition."""
        rng, depth = self.rng, depth - 1
        match rng.randrange(6):
            case 0 | 1 | 2:
                kind = rng.choice((*INTS, "f64"))
                op = rng.choice(("==", "!=", "<", "<=", ">", ">="))
                return f"({self.value(kind, depth)} {op} {self.value(kind, depth)})"
            case 3:
                return f"({self.value('boolean', depth)} {rng.choice(('and', 'or'))} {self.value('boolean', depth)})"
            case 4:
                return f"(not {self.value('boolean', depth)})"
            case _:
                return rng.choice(("(p.at.next == p)", "(p != nil(Rec))", "(p.at.next.addr < p.addr)"))

    def floating(self, depth: int) -> str:
        """A float expression."""
        rng, depth = self.rng, depth - 1
        match rng.randrange(6):
            case 0 | 1:
                return f"({self.value('f64', depth)} {rng.choice('+-*')} {self.value('f64', depth)})"
            case 2:
                return f"fdiv({self.value('f64', depth)}, {self.value('f64', depth)})"
            case 3:
                return f"f64({self.value(rng.choice(INTS), depth)})"
            case 4:
                return "f64(p.at.fs)" if rng.random() < 0.5 else f"f64(f32({self.leaf('f64')}))"
            case _:
                return f"(-{self.value('f64', depth)})"
