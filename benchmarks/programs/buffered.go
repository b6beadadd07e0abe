// N values through a channel with room for 100.
package main

const N = 1

func main() {
	c := make(chan int, 100)
	go func() {
		for i := 0; i < N; i++ {
			c <- i
		}
		close(c)
	}()
	sum := 0
	for v := range c {
		sum += v
	}
	println(sum == N*(N-1)/2)
}
