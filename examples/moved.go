// A pointer to a local variable is passed down a recursion. When the stack grows, the variable moves, and so do its pointers.
package main

func main() {
	x := 1
	println("before: x is at", &x)
	descend(1000, &x)
	println("after:  x is at", &x, "and holds", x)
}

func descend(n int, p *int) int {
	if n == 0 {
		*p = 42
		return 0
	}
	return descend(n-1, p) + *p
}
