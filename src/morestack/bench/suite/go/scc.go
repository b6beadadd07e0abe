package main

// Strongly connected components of a graph given by lists, by two searches in depth, visited vertices in a list.

const vertices = 400
const rounds = 30

type list struct {
	x    int
	next *list
}

type edges struct {
	from, to int
	next     *edges
}

type components struct {
	c    *list
	next *components
}

func member(x int, l *list) bool {
	for ; l != nil; l = l.next {
		if l.x == x {
			return true
		}
	}
	return false
}

func appended(a, b *list) *list {
	if a == nil {
		return b
	}
	return &list{a.x, appended(a.next, b)}
}

func targets(e *edges, from int) *list {
	if e == nil {
		return nil
	}
	if e.from == from {
		return &list{e.to, targets(e.next, from)}
	}
	return targets(e.next, from)
}

func search(r func(int) *list, seen, out, l *list) (*list, *list) {
	for ; l != nil; l = l.next {
		if member(l.x, seen) {
			continue
		}
		more, below := search(r, &list{l.x, seen}, nil, r(l.x))
		seen = more
		out = appended(&list{l.x, below}, out)
	}
	return seen, out
}

func reversed(e *edges) *edges {
	var r *edges
	for ; e != nil; e = e.next {
		r = &edges{e.to, e.from, r}
	}
	return r
}

func strong(e *edges, l *list) *components {
	_, order := search(func(x int) *list { return targets(e, x) }, nil, nil, l)
	back := reversed(e)
	var seen *list
	var found *components
	for ; order != nil; order = order.next {
		if member(order.x, seen) {
			continue
		}
		more, below := search(func(x int) *list { return targets(back, x) }, &list{order.x, seen}, nil, targets(back, order.x))
		seen = more
		found = &components{&list{order.x, below}, found}
	}
	return found
}

func main() {
	total := 0
	for i := 0; i < rounds; i++ {
		seed := uint32(i + 1)
		var e *edges
		var all *list
		for v := 0; v < vertices; v++ {
			all = &list{v, all}
			for k := 0; k < 2; k++ {
				seed = seed*1664525 + 1013904223
				e = &edges{v, int(seed>>8) % vertices, e}
			}
		}
		for c := strong(e, all); c != nil; c = c.next {
			n := 0
			for l := c.c; l != nil; l = l.next {
				n++
			}
			total += n * n
		}
	}
	println(total)
}
