// Three calls, each with a frame of its own: the traceback of the panic walks them from the newest to the oldest.
package main

func main() {
	println(area(3, -4))
}

func area(width, height int) int {
	return length(width) * length(height)
}

func length(n int) int {
	if n < 0 {
		panic("a length is not negative")
	}
	return n
}
