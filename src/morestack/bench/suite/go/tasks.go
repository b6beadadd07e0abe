package main

// A task for every piece of work: many goroutines at a time, each with a short recursion, as thread-per-task servers
// have it.

const goroutines = 10000
const rounds = 10
const depth = 20

func work(n int) int {
	if n == 0 {
		return 1
	}
	return work(n-1) + n&1
}

func main() {
	total := 0
	for r := 0; r < rounds; r++ {
		results := make(chan int)
		for i := 0; i < goroutines; i++ {
			go func(i int) { results <- work(depth + i&7) }(i)
		}
		for i := 0; i < goroutines; i++ {
			total += <-results
		}
	}
	println(total)
}
