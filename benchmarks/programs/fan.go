// N values handed to a hundred goroutines by one channel, and their results gathered by another.
package main

const N = 1

func main() {
	in, out := make(chan int), make(chan int)
	for w := 0; w < 100; w++ {
		go func() {
			for v := range in {
				out <- v + 1
			}
		}()
	}
	go func() {
		for i := 0; i < N; i++ {
			in <- i
		}
	}()
	sum := 0
	for i := 0; i < N; i++ {
		sum += <-out
	}
	println(sum == N*(N+1)/2)
}
