"""What is inlined, what becomes a leaf by it, and which checks are left."""

from pathlib import Path

from morestack.build.files import read_program
from morestack.build.program import Program
from morestack.ir.module import Function, Module
from morestack.ir.ops import Op
from morestack.opt.passes import optimize

SOURCE = """package main

type list struct { x int; next *list }

func each(l *list, f func(int)) {
	for ; l != nil; l = l.next {
		f(l.x)
	}
}

func total(l *list) int {
	n := 0
	each(l, func(x int) { n += x })
	return n
}

func even(n int) bool {
	if n == 0 {
		return true
	}
	return odd(n - 1)
}

func odd(n int) bool {
	if n == 0 {
		return false
	}
	return even(n - 1)
}

func depth(n int) int {
	if n == 0 {
		return 0
	}
	return depth(n-1) + 1
}

func two(n int) int {
	if n < 2 {
		return n
	}
	return two(n-1) + two(n-2)
}

//go:noinline
func kept(n int) int { return depth(n) }

func recovers() bool { return recover() != nil }

func wide(n int) (all [3000]byte) {
	all[kept(n)] = 1
	return
}

func room() int {
	all := wide(1)
	return int(all[1]) + kept(2)
}

func indirect(l *list) int {
	each(l, func(x int) { println(recovers()) })
	return kept(1)
}

func main() {
	l := &list{}
	println(total(l), even(2), depth(3), two(4), indirect(l), recovers(), room())
}
"""


def prepared(tmp_path: Path) -> tuple[Module, frozenset[str]]:
    path = tmp_path / "main.go"
    path.write_text(SOURCE)
    module = optimize(Program(read_program([str(path)])).root.ir)
    return module, frozenset(name for name, f in module.functions.items() if f.leaf is not None)


def callees(f: Function) -> list[str]:
    """Who is called directly, without the bodies that prefixes were split from."""
    return sorted(
        str(i.aux).removesuffix("$body") if i.op is Op.CALL else "?"
        for b in f.blocks
        for i in b.instrs
        if i.op in (Op.CALL, Op.CALL_CLOSURE)
    )


def bodies(module: Module, name: str) -> list[str]:
    return callees(module.functions.get(f"main.{name}$body", module.functions[f"main.{name}"]))


def test_a_literal_is_inlined_where_it_is_called(tmp_path: Path) -> None:
    module, leaf = prepared(tmp_path)
    assert bodies(module, "total") == []
    assert "main.total" in leaf  # nothing of it needs a stack any more
    assert not any(i.op is Op.NILCHECK for b in module.functions["main.total"].blocks for i in b.instrs)


def test_a_recursion_is_inlined_once(tmp_path: Path) -> None:
    module, _ = prepared(tmp_path)
    assert bodies(module, "even") == ["main.even"]
    assert bodies(module, "odd") == ["main.odd"]
    assert bodies(module, "depth") == ["main.depth"]
    assert bodies(module, "two") == ["main.two", "main.two"]


def test_what_keeps_its_frame(tmp_path: Path) -> None:
    module, _ = prepared(tmp_path)
    assert bodies(module, "indirect") == ["main.kept", "main.recovers"]
    assert "main.wide" in bodies(module, "room")  # its array would be in every frame of room


def test_places_name_the_inlined_function_and_its_call(tmp_path: Path) -> None:
    module, _ = prepared(tmp_path)
    chains = set()
    for b in module.functions["main.total"].blocks:
        for i in b.instrs:
            names = []
            pos = i.pos
            while pos is not None and pos.inlined is not None:
                names.append((pos.inlined.function, pos.inlined.call.line))
                pos = pos.inlined.call
            chains.add(tuple(names))
    assert (("main.total.func1", 7), ("main.each", 13)) in chains
