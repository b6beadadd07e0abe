// Memory: N goroutines parked on a channel, each with its own stack.
package main

const N = 1

func wait(c chan int) { <-c }

func main() {
	c := make(chan int)
	for i := 0; i < N; i++ {
		go wait(c)
	}
	for i := 0; i < N; i++ {
		c <- i
	}
	println(N)
}
