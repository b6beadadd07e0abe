// Calls: N times fib(40) without memory.
package main

const N = 1

func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

func main() {
	s := 0
	for i := 0; i < N; i++ {
		s += fib(40)
	}
	println(s > 0)
}
