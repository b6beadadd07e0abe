// A goroutine that is parked under a million frames, for the frame walker.
package main

//go:noinline
func down(n int, c chan int) int {
	if n == 0 {
		return <-c
	}
	return down(n-1, c) + 1
}

func main() { println(down(1000000, make(chan int))) }
