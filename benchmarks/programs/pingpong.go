// Switching: N round trips between two goroutines over unbuffered channels.
package main

const N = 1

func main() {
	ping, pong := make(chan int), make(chan int)
	go func() {
		for n := range ping {
			pong <- n + 1
		}
	}()
	n := 0
	for i := 0; i < N; i++ {
		ping <- n
		n = <-pong
	}
	println(n == N)
}
