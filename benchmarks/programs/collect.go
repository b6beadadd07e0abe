package main

import "runtime"

const N = 1
const Goroutines = 1000000

func park(c chan int) { <-c }

// N full collections with many parked goroutines.
func main() {
	c := make(chan int)
	for i := 0; i < Goroutines; i++ {
		go park(c)
	}
	runtime.Gosched()
	for i := 0; i < N; i++ {
		runtime.GC()
	}
	println(runtime.NumGoroutine())
}
