// Which of these values live on the stack, and which on the heap?
package main

type point struct{ x, y int }

func local() int {
	p := &point{1, 2}
	return p.x + p.y
}

func returned() *point {
	p := &point{3, 4}
	return p
}

func through(p *point) *point { return p }

var kept *point

func keep(p *point) { kept = p }

func main() {
	a := point{5, 6}
	through(&a).x++
	b := point{7, 8}
	keep(&b)
	println(local(), returned().x, a.x, kept.y)
}
