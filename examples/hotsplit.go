// A loop whose calls may or may not fit what is left of the stack. If they do not fit, segmented stacks pay for a new
// segment in every round. depth moves the loop along the stack: at 160 it stands where a segment of 4 KB ends. Nothing
// is inlined, because the example is about frames.
package main

const depth = 160
const rounds = 1000000

func main() {
	println(descend(depth))
}

//go:noinline
func descend(n int) int {
	if n == 0 {
		return loop()
	}
	return descend(n-1) + n
}

//go:noinline
func loop() int {
	sum := 0
	for i := 0; i < rounds; i++ {
		sum += work(i, 2)
	}
	return sum
}

//go:noinline
func work(i, n int) int {
	if n == 0 {
		return i & 1
	}
	return work(i, n-1) + n
}
