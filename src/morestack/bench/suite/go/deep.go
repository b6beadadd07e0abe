package main

// Fresh goroutines that recur deep: every growth of a stack from the smallest on.

const goroutines = 30
const depth = 200000

func sum(n int) int {
	if n == 0 {
		return 0
	}
	return sum(n-1) + n
}

func main() {
	done := make(chan int)
	total := 0
	for i := 0; i < goroutines; i++ {
		go func(i int) { done <- sum(depth + i) }(i)
		total += <-done
	}
	println(total)
}
