package main

// Two functions that call each other. In ML these are jumps; in Go, which has no such calls, a recursion of depth n.

const n = 20000
const rounds = 8000

func even(n int) bool {
	if n == 0 {
		return true
	}
	return odd(n - 1)
}

func odd(n int) bool {
	if n == 0 {
		return false
	}
	return even(n - 1)
}

func main() {
	total := 0
	for i := 0; i < rounds; i++ {
		if even(n + i) {
			total++
		}
	}
	println(total)
}
