// The hot split: a loop that calls, at a given depth of the stack.
//
// Under segmented stacks there are depths at which the call in the loop does not fit the segment, so that each round makes
// a segment and gives it back. depth is how many frames of `down`, of 40 bytes each, lie below the loop: a sweep over one
// segment (0..103 for 4 KB, 0..206 for 8 KB) meets such depths, whatever lies below main. rounds is how often the loop calls;
// the time of a run at one depth over that at the best depth is what a hot split costs. 95 is such a depth for 4 KB.
// Nothing is inlined, since frames are what is measured.
package main

const depth = 95
const rounds = 5000000

//go:noinline
func even(n int) int {
	if n == 0 {
		return 1
	}
	return odd(n-1) + n
}

//go:noinline
func odd(n int) int {
	if n == 0 {
		return 0
	}
	return even(n-1) - n
}

//go:noinline
func loop() int {
	sum := 0
	for i := 0; i < rounds; i++ {
		sum += even(2)
	}
	return sum
}

//go:noinline
func down(n, a, b, c int) int {
	if n == 0 {
		return loop()
	}
	return down(n-1, b, c, a) + a - b + c
}

func main() {
	println(down(depth, 1, 2, 3))
}
