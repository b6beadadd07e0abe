// A goroutine needs a deep stack once, and then waits. Each collection that finds little of its stack in use halves it.
package main

import "runtime"

func depth(n int) int {
	if n == 0 {
		return 0
	}
	return depth(n-1) + 1
}

func main() {
	ready, done := make(chan int), make(chan bool)
	go func() {
		ready <- depth(4000)
		<-done
	}()
	println(<-ready)
	for range 8 {
		runtime.GC()
	}
	done <- true
}
