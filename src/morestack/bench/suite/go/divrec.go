package main

// Every other element of a list, by a recursion that builds its result on the way back.

const rounds = 60000
const length = 250

type list struct{ next *list }

func make_(n int) *list {
	var l *list
	for ; n > 0; n-- {
		l = &list{l}
	}
	return l
}

func half(l *list) *list {
	if l == nil {
		return nil
	}
	return &list{half(l.next.next)}
}

func size(l *list) int {
	n := 0
	for ; l != nil; l = l.next {
		n++
	}
	return n
}

func main() {
	l := make_(length)
	total := 0
	for i := 0; i < rounds; i++ {
		total += size(half(l))
	}
	println(total)
}
