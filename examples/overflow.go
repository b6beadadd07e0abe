// A recursion without end. The limit is normally 1,000,000,000 bytes; here it is 64 KB, so that the recursion soon reaches it.
package main

import "runtime/debug"

func main() {
	debug.SetMaxStack(64 << 10)
	println(even(1))
}

func even(n int) bool { return odd(n + 1) }

func odd(n int) bool { return !even(n + 1) }
