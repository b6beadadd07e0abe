// Every call has its own frame, even of the same function. The traceback of the panic walks the frames, newest first.
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
