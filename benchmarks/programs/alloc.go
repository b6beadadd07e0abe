package main

const N = 1000000

type node struct {
	next *node
	a, b int
}

var sink *node

// N small objects with a pointer, of which the last 1000 are reachable.
func main() {
	for i := 0; i < N; i++ {
		n := &node{a: i, b: i}
		if i%1000 != 0 {
			n.next = sink
		}
		sink = n
	}
	println(sink.a)
}
