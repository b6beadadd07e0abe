package main

// All ways to put n queens on a board, as lists.

const n = 11

type list struct {
	x    int
	next *list
}

func safe(x, d int, l *list) bool {
	return l == nil || x != l.x && x != l.x+d && x != l.x-d && safe(x, d+1, l.next)
}

func place(column int, queens *list) int {
	if column == 0 {
		return 1
	}
	ways := 0
	for x := 1; x <= n; x++ {
		if safe(x, 1, queens) {
			ways += place(column-1, &list{x, queens})
		}
	}
	return ways
}

func main() { println(place(n, nil)) }
