package main

// Quicksort of a list; partition recurs to the end of the list and returns two lists.

const n = 400000

type list struct {
	x    int
	next *list
}

func random(n int) *list {
	var l *list
	seed := uint32(1)
	for ; n > 0; n-- {
		seed = seed*1664525 + 1013904223
		l = &list{int(seed>>8) % 10000, l}
	}
	return l
}

func partition(x int, l *list) (smaller, greater *list) {
	if l == nil {
		return nil, nil
	}
	smaller, greater = partition(x, l.next)
	if l.x < x {
		return &list{l.x, smaller}, greater
	}
	return smaller, &list{l.x, greater}
}

func quicksort(l, acc *list) *list {
	if l == nil {
		return acc
	}
	smaller, greater := partition(l.x, l.next)
	return quicksort(smaller, &list{l.x, quicksort(greater, acc)})
}

func main() {
	at := 0
	sum := 0
	last := 0
	for l := quicksort(random(n), nil); l != nil; l = l.next {
		if l.x < last {
			println("not sorted at", at)
		}
		last = l.x
		at++
		sum += at * l.x % 7
	}
	println(at, sum)
}
