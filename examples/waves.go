// Waves of goroutines that all need more stack than they start with, with a collection between two waves.
package main

import "runtime"

const waves = 4
const goroutines = 100

func main() {
	total := 0
	for range waves {
		results, end := make(chan int), make(chan bool)
		for range goroutines {
			go func() { wait(1500, results, end) }()
		}
		for range goroutines {
			total += <-results
		}
		runtime.GC()
		close(end)
	}
	println(total)
}

// wait is n frames deep when it waits.
func wait(n int, results chan int, end chan bool) int {
	if n == 0 {
		results <- 1
		<-end
		return 0
	}
	return wait(n-1, results, end) + 1
}
