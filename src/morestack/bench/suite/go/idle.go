package main

// Goroutines that wait, woken once: what costs is the memory of their stacks.

const goroutines = 100000

func main() {
	in, out := make(chan int), make(chan int)
	for i := 0; i < goroutines; i++ {
		go func(i int) { out <- <-in + i&1 }(i)
	}
	total := 0
	for i := 0; i < goroutines; i++ {
		in <- 1
	}
	for i := 0; i < goroutines; i++ {
		total += <-out
	}
	println(total)
}
