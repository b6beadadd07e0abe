package main

// All permutations of a list, kept; Zaks's algorithm with shared tails.

const n = 9
const rounds = 3

type list struct {
	x    int
	next *list
}

type lists struct {
	l    *list
	next *lists
}

var x *list
var perms *lists

func tail(l *list, n int) *list {
	for ; n > 0; n-- {
		l = l.next
	}
	return l
}

func revloop(l *list, n int, rest *list) *list {
	if n == 0 {
		return rest
	}
	return revloop(l.next, n-1, &list{l.x, rest})
}

func flip(n int) {
	x = revloop(x, n, tail(x, n))
	perms = &lists{x, perms}
}

func permute(n int) {
	if n > 1 {
		for j := n - 1; j > 0; j-- {
			permute(n - 1)
			flip(n)
		}
		permute(n - 1)
	}
}

func main() {
	total := 0
	for i := 0; i < rounds; i++ {
		x = nil
		for j := n; j > 0; j-- {
			x = &list{j, x}
		}
		perms = &lists{x, nil}
		permute(n)
		for p := perms; p != nil; p = p.next {
			for l := p.l; l != nil; l = l.next {
				total += l.x
			}
		}
	}
	println(total)
}
