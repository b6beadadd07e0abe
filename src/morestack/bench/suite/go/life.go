package main

// Conway's game of life on sets of cells kept as sorted lists, as a functional program would.

const generations = 20000

type cell struct{ row, column int }

type list struct {
	c    cell
	next *list
}

func before(a, b cell) bool { return a.row < b.row || a.row == b.row && a.column < b.column }

func insert(c cell, l *list) *list {
	if l == nil || before(c, l.c) {
		return &list{c, l}
	}
	if l.c == c {
		return l
	}
	return &list{l.c, insert(c, l.next)}
}

func member(c cell, l *list) bool {
	for ; l != nil && !before(c, l.c); l = l.next {
		if l.c == c {
			return true
		}
	}
	return false
}

func around(c cell, f func(cell)) {
	for row := c.row - 1; row <= c.row+1; row++ {
		for column := c.column - 1; column <= c.column+1; column++ {
			if n := (cell{row, column}); n != c {
				f(n)
			}
		}
	}
}

func neighbours(c cell, l *list) int {
	n := 0
	around(c, func(near cell) {
		if member(near, l) {
			n++
		}
	})
	return n
}

func next(alive *list) *list {
	var born *list
	for l := alive; l != nil; l = l.next {
		if n := neighbours(l.c, alive); n == 2 || n == 3 {
			born = insert(l.c, born)
		}
		around(l.c, func(near cell) {
			if !member(near, alive) && neighbours(near, alive) == 3 {
				born = insert(near, born)
			}
		})
	}
	return born
}

func main() {
	var alive *list
	for _, c := range []cell{{0, 1}, {1, 2}, {2, 0}, {2, 1}, {2, 2}, {9, 9}, {9, 10}, {9, 11}, {20, 1}, {20, 2}, {21, 1}} {
		alive = insert(c, alive)
	}
	for i := 0; i < generations; i++ {
		alive = next(alive)
	}
	n := 0
	for l := alive; l != nil; l = l.next {
		n += l.c.row*3 + l.c.column
	}
	println(n)
}
