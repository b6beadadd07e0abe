package main

// Two goroutines that give way to each other: a million switches.

import "runtime"

const switches = 1000000

func give() {
	for i := 0; i < switches/2; i++ {
		runtime.Gosched()
	}
}

func main() {
	done := make(chan bool)
	go func() {
		give()
		done <- true
	}()
	give()
	<-done
}
