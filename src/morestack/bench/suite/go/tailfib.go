package main

// Fibonacci numbers by a loop, modulo 2**64.

const n = 400000000

func fib(n int) uint {
	a, b := uint(0), uint(1)
	for ; n > 0; n-- {
		a, b = b, a+b
	}
	return a
}

func main() { println(fib(n)) }
