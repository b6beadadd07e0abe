"""Generated code runs as the IR interpreter says, op by op, with and without optimisation."""

import itertools

import pytest

from morestack.ir.parse import parse_module
from morestack.llvm.passes import Passes
from tests.unit.codegen.machine import Machine, run

FIB = """module "main"
func @main.fib(%0.n:i64) (i64) !"x.go":3:5 {
b0:
  %1:bool = slt %0, i64 2
  branch %1 -> b1, b2
b1:
  return %0
b2:
  %2:i64 = sub %0, i64 1
  %3:i64 = call[@main.fib] %2 !5:1
  %4:i64 = sub %0, i64 2
  %5:i64 = call[@main.fib] %4 !6:1
  %6:i64 = add %3, %5
  return %6
}
func @main.main() () !"x.go":9:5 {
b0:
  %0:i64 = call[@main.fib] i64 20 !10:1
  rt[printint] %0
  return
}
"""

MASK = 2**64 - 1


def test_recursion_on_a_growing_stack() -> None:
    m = Machine(FIB, stack=512)
    assert m.run() == [6765]
    assert m.moves > 0


def leaf_main(body: str, extra: str = "") -> str:
    return f'module "main"\n{extra}func @main.main() () !"x.go":1:1 {{\nb0:\n{body}\n  return\n}}\n'


def to_signed(v: int, bits: int) -> int:
    v &= (1 << bits) - 1
    return v - (1 << bits) if v >> (bits - 1) else v


EDGES = (0, 1, 2, 7, 63, 64, 127, 128, 255, 2**31, 2**32 - 1, 2**63 - 1, 2**63, MASK - 1, MASK)


def expected(op: str, x: int, y: int, bits: int) -> int | None:
    """What an op gives on `bits` wide unsigned representations; None when the builder would not emit it."""
    mask = (1 << bits) - 1
    sx, sy = to_signed(x, bits), to_signed(y, bits)
    if op in ("sdiv", "udiv", "srem", "urem") and y == 0:
        return None
    match op:
        case "add":
            r = x + y
        case "sub":
            r = x - y
        case "mul":
            r = x * y
        case "and":
            r = x & y
        case "or":
            r = x | y
        case "xor":
            r = x ^ y
        case "udiv":
            r = x // y
        case "urem":
            r = x % y
        case "sdiv":
            r = abs(sx) // abs(sy) * (1 if (sx < 0) == (sy < 0) else -1)
        case _:
            r = abs(sx) % abs(sy) * (-1 if sx < 0 else 1)
    return r & mask


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
@pytest.mark.parametrize("known", [True, False], ids=["constants", "registers"])
def test_integer_ops(bits: int, known: bool) -> None:
    t, mask = f"i{bits}", (1 << bits) - 1
    edges = sorted({e & mask for e in EDGES})
    lines, want = [], []
    n = itertools.count(2)
    ops = ("add", "sub", "mul", "and", "or", "xor", "udiv", "urem", "sdiv", "srem")
    globals_ = "global @main.x i64\n"
    lines.append("  %0:i64 = load @main.x")
    if bits < 64:
        lines.append(f"  %1:{t} = trunc %0")
    zero = "%0" if bits == 64 else "%1"
    for op in ops:
        for x, y in itertools.product(edges, edges[::3]):
            r = expected(op, x, y, bits)
            if r is None:
                continue
            a, b = f"{t} {x}", f"{t} {y}"
            if not known:
                k = next(n)
                lines.append(f"  %{k}:{t} = add {zero}, {t} {y}")
                b = f"%{k}"
            k = next(n)
            lines.append(f"  %{k}:{t} = {op} {a}, {b}")
            out = f"%{k}"
            if bits < 64:
                k = next(n)
                lines.append(f"  %{k}:i64 = zext {out}")
                out = f"%{k}"
            lines.append(f"  rt[printuint] {out}")
            want.append(r)
    text = leaf_main("\n".join(lines), globals_)
    if bits == 64:
        text = text.replace(
            'func @main.main() () !"x.go":1:1 {\n', 'func @main.main() () !"x.go":1:1 {\n  reg %1:i64\n'
        )
    assert run(text) == want


@pytest.mark.parametrize("bits", [8, 32, 64])
def test_shifts_by_any_count(bits: int) -> None:
    t, mask = f"i{bits}", (1 << bits) - 1
    lines, want = ["  %0:i64 = load @main.x"], []
    n = itertools.count(1)
    for x, count in itertools.product((1, mask, 1 << (bits - 1)), (0, 1, bits - 1, bits, 64, 2**40, MASK)):
        sx = to_signed(x, bits)
        results = {
            "shl": (x << count) & mask if count < bits else 0,
            "lshr": x >> count if count < bits else 0,
            "ashr": (sx >> min(count, bits - 1)) & mask,
        }
        for op, r in results.items():
            c, k = next(n), next(n)
            lines.append(f"  %{c}:i64 = add %0, i64 {count}")
            lines.append(f"  %{k}:{t} = {op} {t} {x}, %{c}")
            out = f"%{k}"
            if bits < 64:
                out = f"%{next(n)}"
                lines.append(f"  {out}:i64 = zext %{k}")
            lines.append(f"  rt[printuint] {out}")
            want.append(r)
    assert run(leaf_main("\n".join(lines), "global @main.x i64\n")) == want


# int8 int16 int32 int64 uint8 uint16 uint32 uint64: what Go 1.27.3 on amd64 gives
CONVERSIONS = {
    "300.0": (44, 300, 300, 300, 44, 300, 300, 300),
    "-300.0": (-44, -300, -300, -300, 212, 65236, 4294966996, 2**64 - 300),
    "3e+09": (0, 0, -(2**31), 3000000000, 0, 0, 3000000000, 3000000000),
    "1e+10": (0, 0, -(2**31), 10**10, 0, 0, 1410065408, 10**10),
    "1e+19": (0, 0, -(2**31), -(2**63), 0, 0, 0, 10**19),
    "1.9e+19": (0, 0, -(2**31), -(2**63), 0, 0, 0, 2**63),
    "nan": (0, 0, -(2**31), -(2**63), 0, 0, 0, 2**63),
    "-inf": (0, 0, -(2**31), -(2**63), 0, 0, 0, 2**63),
}


@pytest.mark.parametrize("passes", [Passes.QUICK, Passes.GO])
def test_float_to_integer(passes: Passes) -> None:
    lines, want = ["  %0:f64 = load @main.x"], []
    n = itertools.count(1)
    for text, results in CONVERSIONS.items():
        v = next(n)
        lines.append(f"  %{v}:f64 = fadd f64 {text}, %0")
        for bits, signed, r in zip((8, 16, 32, 64) * 2, (True,) * 4 + (False,) * 4, results, strict=True):
            k = next(n)
            lines.append(f"  %{k}:i{bits} = {'fptosi' if signed else 'fptoui'} %{v}")
            out = f"%{k}"
            if bits < 64:
                out = f"%{next(n)}"
                lines.append(f"  {out}:i64 = {'sext' if signed else 'zext'} %{k}")
            lines.append(f"  rt[{'printint' if signed else 'printuint'}] {out}")
            want.append(r)
    assert run(leaf_main("\n".join(lines), "global @main.x f64\n"), passes=passes) == want


LOOP = """module "main"
func @main.id(%0:i64, %1:i64) (i64) !"x.go":1:1 {
b0:
  %2:bool = slt %1, i64 1
  branch %2 -> b1, b2
b1:
  return %0
b2:
  %3:i64 = sub %1, i64 1
  %4:i64 = call[@main.id] %0, %3 !2:1
  return %4
}
func @main.main() () !"x.go":9:5 {
b0:
  %0:i64 = copy i64 0
  %1:i64 = copy i64 0
  jump -> b1
b1:
  %2:bool = slt %0, i64 10
  branch %2 -> b2, b5
b2:
  %3:i64 = and %0, i64 1
  %4:bool = eq %3, i64 0
  branch %4 -> b3, b4
b3:
  %5:i64 = call[@main.id] %0, i64 30 !12:1
  %1:i64 = add %1, %5
  jump -> b4
b4:
  %0:i64 = add %0, i64 1
  rt[printint] %1
  jump -> b1
b5:
  return
}
"""


@pytest.mark.parametrize("move", [False, True])
def test_loop_with_calls(move: bool) -> None:
    m = Machine(LOOP, stack=4096, move=move)
    assert m.run() == [0, 0, 2, 2, 6, 6, 12, 12, 20, 20]
    assert (m.moves > 3) == move


OBJECTS = """module "main"
func @main.set(%0:ptr, %1:i64, %2:i64) () !"x.go":1:1 {
b0:
  %3:bool = slt %2, i64 1
  branch %3 -> b1, b2
b1:
  %4:i64 = load %0
  %5:i64 = add %4, %1
  store %0, %5
  return
b2:
  %6:i64 = sub %2, i64 1
  call[@main.set] %0, %1, %6 !2:1
  return
}
func @main.main() () !"x.go":9:5 {
  object $0.x:i64
  object $1.p:{ptr, i64}
b0:
  %0:ptr = addr[$0]
  store %0, i64 5
  %1:ptr = addr[$1]
  %2:{ptr, i64} = make %0, i64 9
  store %1, %2
  rt[printint] i64 1
  call[@main.set] %0, i64 100, i64 3 !10:1
  rt[printint] i64 2
  call[@main.set] %0, i64 1000, i64 40 !11:1
  %3:{ptr, i64} = load %1
  %4:ptr = extract[0] %3
  %5:i64 = load %4
  rt[printint] %5
  %6:i64 = load %0
  rt[printint] %6
  return
}
"""


@pytest.mark.parametrize("stack,move", [(384, False), (8192, True)])
def test_pointers_into_the_stack_move_with_it(stack: int, move: bool) -> None:
    m = Machine(OBJECTS, stack=stack, move=move)
    assert m.run() == [1, 2, 1105, 1105]
    assert m.moves > 0


# ruff: noqa: E501 - IR text has long lines
MANY = """module "main"
func @main.many(%0:i64, %1:{i64, i64, f64}, %2:[3 x i64], %3:bool, %4:f32, %5:{i64, i64, i64, i64, i64, i64}, %6:i8, %7:i64) (i64, [3 x i64], f32, {i64, i64, i64, i64, i64, i64, i64, i64}) !"x.go":1:1 {
b0:
  %8:i64 = extract[1] %2
  %9:i64 = extract[5] %5
  %10:i64 = add %8, %9
  %11:f64 = extract[2] %1
  %12:f64 = fpext %4
  %13:f64 = fadd %11, %12
  %14:i64 = fptosi %13
  %15:i64 = add %10, %14
  %16:i64 = sext %6
  %17:i64 = add %15, %16
  %18:i64 = select %3, %17, %0
  %19:[3 x i64] = insert[2] %2, %18
  %20:{i64, i64, i64, i64, i64, i64, i64, i64} = make %7, i64 2, i64 3, i64 4, i64 5, i64 6, i64 7, %18
  %21:bool = slt %7, i64 1
  branch %21 -> b1, b2
b1:
  return %18, %19, %4, %20
b2:
  %22:i64 = sub %7, i64 1
  %23:i64, %24:[3 x i64], %25:f32, %26:{i64, i64, i64, i64, i64, i64, i64, i64} = call[@main.many] %0, %1, %19, %3, %4, %5, %6, %22 !4:1
  return %23, %24, %25, %26
}
func @main.main() () !"x.go":9:5 {
b0:
  %0:{i64, i64, f64} = make i64 1, i64 2, f64 3.5
  %1:[3 x i64] = make i64 10, i64 20, i64 30
  %2:{i64, i64, i64, i64, i64, i64} = make i64 1, i64 2, i64 3, i64 4, i64 5, i64 600
  rt[printint] i64 0
  %3:i64, %4:[3 x i64], %5:f32, %6:{i64, i64, i64, i64, i64, i64, i64, i64} = call[@main.many] i64 7, %0, %1, bool 1, f32 1.5, %2, i8 255, i64 80 !4:1
  rt[printint] %3
  %7:i64 = extract[2] %4
  rt[printint] %7
  %8:f64 = fpext %5
  rt[printfloat] %8
  %9:i64 = extract[7] %6
  rt[printint] %9
  %10:i64 = extract[0] %6
  rt[printint] %10
  return
}
"""


@pytest.mark.parametrize("stack,move", [(4096, False), (65536, True)])
def test_arguments_and_results_beyond_registers(stack: int, move: bool) -> None:
    m = Machine(MANY, stack=stack, move=move)
    assert m.run() == [0, 624, 624, 1.5, 624, 0]
    assert m.moves > 0


PANIC = """module "main"
func @main.leaf(%0:i64) (i64) !"x.go":1:1 {
b0:
  bounds[index signed] %0, i64 4 !2:7
  return %0
}
func @main.middle(%0:i64) (i64) !"x.go":4:1 {
b0:
  %1:i64 = call[@main.leaf] %0 !5:9
  return %1
}
func @main.outer(%0:i64, %1:i64) (i64) !"x.go":7:1 {
b0:
  %2:bool = slt %1, i64 1
  branch %2 -> b1, b2
b1:
  %3:i64 = call[@main.middle] %0 !8:9
  return %3
b2:
  %4:i64 = sub %1, i64 1
  %5:i64 = call[@main.outer] %0, %4 !9:9
  return %5
}
func @main.main() () !"x.go":11:5 {
b0:
  %0:i64 = call[@main.outer] i64 3, i64 2 !12:1
  rt[printint] %0
  %1:i64 = call[@main.outer] i64 9, i64 2 !13:1
  rt[printint] %1
  return
}
"""


def test_a_panic_knows_every_frame() -> None:
    m = Machine(PANIC)
    assert m.run() == [3]
    assert m.pending == (33, 9, 4)
    assert m.sites == [
        ("main.leaf", 2),
        ("main.middle", 5),
        ("main.outer", 8),
        ("main.outer", 9),
        ("main.outer", 9),
        ("main.main", 13),
    ]


CLOSURE = """module "main"
global @main.f.f {ptr, i64} readonly {0: @main.f}
func @main.f(%0:i64) (i64) context %1 !"x.go":1:1 {
  reg %1:ptr
b0:
  %2:ptr = offset[8] %1
  %3:i64 = load %2
  %4:i64 = add %0, %3
  return %4
}
func @main.g(%0:i64) (i64) !"x.go":1:1 {
b0:
  %1:i64 = mul %0, i64 3
  return %1
}
func @main.main() () !"x.go":11:5 {
  object $0:{ptr, i64}
b0:
  %0:ptr = addr[$0]
  %1:{ptr, i64} = make @main.f, i64 30
  store %0, %1
  %2:i64 = callclosure[(i64) (i64)] %0, i64 12 !12:1
  rt[printint] %2
  %3:i64 = callcode[(i64) (i64)] @main.g, i64 14 !12:1
  rt[printint] %3
  %4:i64 = rt[chanrecv] nil, nil !13:1
  rt[printint] %4
  %5:i64 = call[@main.g] i64 5
  rt[printint] %5
  rt[closechan] nil !14:1
  rt[printint] i64 99
  return
}
"""


def test_indirect_calls_and_runtime_calls() -> None:
    m = Machine(CLOSURE)
    assert m.run() == [42, 42, 1, 15]
    assert m.pending == (7, 0, 0)
    assert m.sites == [("main.main", 14)]


def test_big_frame_has_a_large_bitmap() -> None:
    text = """module "main"
func @main.deep(%0:ptr, %1:i64) (i64) !"x.go":1:1 {
  object $0:[200 x ptr]
b0:
  %2:bool = slt %1, i64 1
  branch %2 -> b1, b2
b1:
  %3:i64 = load %0
  return %3
b2:
  %4:ptr = addr[$0]
  clear[[200 x ptr]] %4
  %5:ptr = offset[1592] %4
  store %5, %0
  %6:i64 = sub %1, i64 1
  %7:i64 = call[@main.deep] %0, %6 !2:1
  %8:ptr = load %5
  %9:i64 = load %8
  %10:i64 = add %9, %7
  return %10
}
func @main.main() () !"x.go":11:5 {
  object $0:i64
b0:
  %0:ptr = addr[$0]
  store %0, i64 1
  %1:i64 = call[@main.deep] %0, i64 5
  rt[printint] %1
  return
}
"""
    m = Machine(text, stack=4096)
    assert m.run() == [6]
    assert m.moves > 0


def test_emitting_leaves_the_module_alone() -> None:
    module = parse_module(FIB)
    from morestack.codegen.module import emit_module
    from morestack.ir.text import print_module

    before = print_module(module)
    assert emit_module(module) == emit_module(module)
    assert print_module(module) == before


def test_segments_have_names_no_go_function_has() -> None:
    text = """module "main"
func @main.f(%0:i64) (i64) !"x.go":1:1 {
b0:
  %1:i64 = rt[chanrecv] nil, nil !1:2
  %2:i64 = call[@main.f.1] %0 !1:2
  return %2
}
func @main.f.1(%0:i64) (i64) !"x.go":1:1 {
b0:
  %1:i64 = rt[chanrecv] nil, nil !1:2
  return %0
}
func @main.main() () !"x.go":11:5 {
b0:
  %0:i64 = call[@main.f] i64 8
  rt[printint] %0
  return
}
"""
    assert run(text) == [8]


def test_joins_between_many_calls() -> None:
    lines, n, want = [], 40, 3
    for k in range(n):
        lines += [
            f"  %{2 * k + 1}:bool = slt %0, i64 {60 if k % 3 else 0}",
            f"  branch %{2 * k + 1} -> b{2 * k + 1}, b{2 * k + 2}",
            f"b{2 * k + 1}:",
            f"  %{2 * k + 2}:i64 = call[@main.f] %0",
            f"  %0:i64 = add %{2 * k + 2}, i64 {k}",
            f"  jump -> b{2 * k + 2}",
            f"b{2 * k + 2}:",
        ]
        if want < (60 if k % 3 else 0):
            want += k
    body = "\n".join(lines)
    text = f"""module "main"
func @main.f(%0:i64) (i64) !"x.go":1:1 {{
b0:
  %1:i64 = rt[chanrecv] nil, nil !1:2
  return %0
}}
func @main.main() () !"x.go":11:5 {{
b0:
  %0:i64 = copy i64 3
{body}
  rt[printint] %0
  return
}}
"""
    m = Machine(text)
    assert m.run() == [want]
    assert m.text.count("define internal") > n + 5  # continuations and joins
