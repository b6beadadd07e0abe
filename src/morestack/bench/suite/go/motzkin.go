package main

// Motzkin numbers by their recurrence: a recursion with a loop, and a function value called in it.

const n = 21

func sum(f func(int) int, start, stop int) int {
	total := 0
	for i := start; i <= stop; i++ {
		total += f(i)
	}
	return total
}

func motz(n int) int {
	if n <= 1 {
		return 1
	}
	limit := n - 2
	product := func(i int) int { return motz(i) * motz(limit-i) }
	return motz(n-1) + sum(product, 0, limit)
}

func main() { println(motz(n)) }
