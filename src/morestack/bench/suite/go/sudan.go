package main

// The Sudan function, recursive but not primitive recursive; its recursions are short.

const rounds = 6000000

func sudan(n, x, y int) int {
	if n == 0 {
		return x + y
	}
	if y == 0 {
		return x
	}
	inner := sudan(n, x, y-1)
	return sudan(n-1, inner, inner+y)
}

func main() {
	total := 0
	for i := 0; i < rounds; i++ {
		total += sudan(2, 2, 1+i&1) & 1023
	}
	println(total)
}
