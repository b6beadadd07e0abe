"""The solver on graphs made by hand: what outlives what, and what parameters leak."""

from morestack.escape.graph import ESCAPES, PERSISTS, Fn, Graph, Hole, Location
from morestack.escape.leaks import describe, optimize
from morestack.escape.result import EscapeResult, Leaks
from morestack.escape.solve import solve

F = Fn("f", None, None)
CLOSURE = Fn("f.func1", None, None, parent=F, is_closure=True)


def local(graph: Graph, depth: int = 1, fn: Fn = F) -> Location:
    return graph.new(fn, depth, persists=True)


def param(graph: Graph) -> Location:
    loc = local(graph)
    loc.param = True
    return loc


def result_of(graph: Graph, fn: Fn = F, index: int = 1) -> Location:
    loc = local(graph, fn=fn)
    loc.result_index = index
    return loc


def decide(graph: Graph) -> None:
    solve(graph, EscapeResult())


def escapes(loc: Location) -> bool:
    return bool(loc.attrs & ESCAPES)


def test_address_stored_in_the_heap_escapes() -> None:
    graph = Graph()
    x, p = local(graph), local(graph)
    graph.flow(Hole(p, -1), x)  # p = &x
    graph.flow(Hole(graph.heap), p)  # sink = p
    decide(graph)
    assert escapes(x)
    assert not escapes(p)


def test_address_kept_by_a_local_stays() -> None:
    graph = Graph()
    x, p = local(graph), local(graph)
    graph.flow(Hole(p, -1), x)
    decide(graph)
    assert not escapes(x)
    assert x.attrs & PERSISTS


def test_what_a_pointer_points_to_is_not_its_address() -> None:
    graph = Graph()
    x, p = local(graph), local(graph)
    graph.flow(Hole(p, -1), x)
    graph.flow(Hole(graph.heap, 1), p)  # sink = *p
    decide(graph)
    assert not escapes(x)


def test_a_path_through_an_address_is_cut_at_zero() -> None:
    """`root = &holder; holder = x`: holder escapes, x's value goes with it, x's address does not."""
    graph = Graph()
    holder, x = local(graph), local(graph)
    graph.flow(Hole(holder), x)
    graph.flow(Hole(graph.heap, -1), holder)
    decide(graph)
    assert escapes(holder)
    assert not escapes(x)


def test_an_inner_loops_variable_is_outlived_by_an_outer_one() -> None:
    graph = Graph()
    outer, inner = local(graph, 1), local(graph, 2)
    graph.flow(Hole(outer, -1), inner)
    decide(graph)
    assert escapes(inner)


def test_an_outer_variable_may_be_pointed_at_from_a_loop() -> None:
    graph = Graph()
    outer, inner = local(graph, 1), local(graph, 2)
    graph.flow(Hole(inner, -1), outer)
    decide(graph)
    assert not escapes(outer)


def test_results_outlive_locals() -> None:
    graph = Graph()
    r, x = result_of(graph), local(graph)
    graph.flow(Hole(r, -1), x)
    decide(graph)
    assert escapes(x)


def test_a_closure_may_return_the_address_of_an_outer_variable() -> None:
    graph = Graph()
    r, x = result_of(graph, CLOSURE), local(graph)
    graph.flow(Hole(r, -1), x)
    decide(graph)
    assert not escapes(x)


def test_a_closures_local_is_outlived_by_an_outer_variable() -> None:
    graph = Graph()
    outer, inner = local(graph), local(graph, fn=CLOSURE)
    graph.flow(Hole(outer, -1), inner)
    decide(graph)
    assert escapes(inner)


def test_parameters_leak_with_the_fewest_dereferences() -> None:
    graph = Graph()
    p, r, through = param(graph), result_of(graph), local(graph)
    graph.flow(Hole(r, 2), p)
    graph.flow(Hole(through, 1), p)
    graph.flow(Hole(r), through)
    decide(graph)
    assert p.leaks.results[0] == 1
    assert p.leaks.heap == -1


def test_a_parameter_moved_to_the_heap_leaks_its_value() -> None:
    graph = Graph()
    p = param(graph)
    graph.flow(Hole(graph.heap, -1), p)
    decide(graph)
    assert escapes(p)
    assert p.leaks.heap == 0


def test_the_sixth_result_counts_as_the_heap() -> None:
    graph = Graph()
    p, r = param(graph), result_of(graph, index=6)
    graph.flow(Hole(r), p)
    decide(graph)
    assert p.leaks.heap == 0


def test_cycles_end() -> None:
    graph = Graph()
    a, b = local(graph), local(graph)
    graph.flow(Hole(a, -1), b)
    graph.flow(Hole(b, -1), a)
    graph.flow(Hole(a, 1), a)
    decide(graph)
    assert not escapes(a)
    assert not escapes(b)


def test_a_path_to_the_heap_hides_longer_ones() -> None:
    leaks = Leaks(heap=1, results=[0, 1, 2, -1, -1])
    optimize(leaks)
    assert leaks.results == [0, -1, -1, -1, -1]
    assert describe(leaks, "p", ["~r0", "~r1", "~r2"]) == [
        "leaking param content: p",
        "leaking param: p to result ~r0 level=0",
    ]


def test_nothing_leaks() -> None:
    assert describe(Leaks(), "p", []) == []
