// Growth: N fresh goroutines, each recursing to Depth frames.
package main

const (
	N     = 1
	Depth = 1
)

func down(n int) int {
	if n == 0 {
		return 0
	}
	return down(n-1) + 1
}

func main() {
	done := make(chan int)
	s := 0
	for i := 0; i < N; i++ {
		go func() { done <- down(Depth) }()
		s += <-done
	}
	println(s == N*Depth)
}
