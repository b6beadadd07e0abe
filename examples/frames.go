// Each call has a frame of its own, calls of the same function too: the traceback of the panic walks them, newest first.
package main

func main() {
	println(factorial(3))
}

func factorial(n int) int {
	if n == 0 {
		panic("nobody said where to stop")
	}
	return n * factorial(n-1)
}
