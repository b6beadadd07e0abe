package main

// Goroutines that only wait, to show what the stack of each costs.

const goroutines = 10000

func wait(ready, c chan int) {
	ready <- 1
	<-c
}

func main() {
	ready, c := make(chan int), make(chan int)
	for range goroutines {
		go wait(ready, c)
	}
	for range goroutines {
		<-ready
	}
	println(goroutines, "wait")
}
