// Starting: N million goroutines that park on a channel, until all of them do.
package main

import (
	"runtime"
	"sync/atomic"
)

const N = 1

var started atomic.Int64

func park(c chan int) {
	started.Add(1)
	<-c
}

func main() {
	c := make(chan int)
	for range N * 1000000 {
		go park(c)
	}
	for started.Load() < N*1000000 {
		runtime.Gosched()
	}
	println(started.Load())
}
