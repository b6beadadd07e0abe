package main

// Goroutines started, run and ended one after the other (cml-spawn).

const goroutines = 1000000

func main() {
	done := make(chan int)
	total := 0
	for i := 0; i < goroutines; i++ {
		go func(i int) { done <- i & 1 }(i)
		total += <-done
	}
	println(total)
}
