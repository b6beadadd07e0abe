package main

// Two sorted lists merged by a recursion as deep as both are long, on a goroutine whose stack must grow for it first.

const rounds = 12
const length = 100000

type list struct {
	x    int
	next *list
}

func from(start int) *list {
	var l *list
	for i := length - 1; i >= 0; i-- {
		l = &list{start + 2*i, l}
	}
	return l
}

func merge(a, b *list) *list {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	if a.x <= b.x {
		return &list{a.x, merge(a.next, b)}
	}
	return &list{b.x, merge(a, b.next)}
}

func main() {
	a, b := from(0), from(1)
	total := 0
	for i := 0; i < rounds; i++ {
		total += merge(a, b).next.x
	}
	println(total)
}
