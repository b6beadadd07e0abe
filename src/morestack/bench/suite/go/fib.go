package main

// Fibonacci numbers by double recursion: nothing but calls.

const n = 38

func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

func main() { println(fib(n)) }
