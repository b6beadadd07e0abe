package main

// A loop whose calls may or may not fit what is left of the stack: where they do not, segmented stacks pay for a new
// segment in every round. depth moves the loop through the stack; this one is where a segment of 4 KB ends. Nothing is
// inlined, since frames are what is measured.

const depth = 160
const rounds = 10000000

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
