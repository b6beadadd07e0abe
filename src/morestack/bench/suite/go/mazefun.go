package main

// A maze made by opening walls between cells that are not connected yet, then walked, with lists and function values.

const rounds = 300
const rows, columns = 31, 31

type wall struct{ a, b int }

type list struct {
	x    int
	next *list
}

func apply(l *list, f func(int)) {
	if l != nil {
		f(l.x)
		apply(l.next, f)
	}
}

func root(of []int, x int) int {
	if of[x] == x {
		return x
	}
	of[x] = root(of, of[x])
	return of[x]
}

func maze(seed uint32) []*list {
	var walls []wall
	for r := 0; r < rows; r++ {
		for c := 0; c < columns; c++ {
			if r+1 < rows {
				walls = append(walls, wall{r*columns + c, (r+1)*columns + c})
			}
			if c+1 < columns {
				walls = append(walls, wall{r*columns + c, r*columns + c + 1})
			}
		}
	}
	for i := len(walls) - 1; i > 0; i-- {
		seed = seed*1664525 + 1013904223
		j := int(seed>>8) % (i + 1)
		walls[i], walls[j] = walls[j], walls[i]
	}
	of := make([]int, rows*columns)
	for i := range of {
		of[i] = i
	}
	open := make([]*list, rows*columns)
	for _, w := range walls {
		if a, b := root(of, w.a), root(of, w.b); a != b {
			of[a] = b
			open[w.a] = &list{w.b, open[w.a]}
			open[w.b] = &list{w.a, open[w.b]}
		}
	}
	return open
}

func walk(open []*list, at, from, goal int) int {
	if at == goal {
		return 1
	}
	found := 0
	apply(open[at], func(next int) {
		if next != from && found == 0 {
			if n := walk(open, next, at, goal); n > 0 {
				found = n + 1
			}
		}
	})
	return found
}

func main() {
	total := 0
	for i := 0; i < rounds; i++ {
		total += walk(maze(uint32(i)), 0, -1, rows*columns-1)
	}
	println(total)
}
