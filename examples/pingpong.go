// Two goroutines hand a number back and forth over unbuffered channels.
package main

func main() {
	ping, pong := make(chan int), make(chan int)
	go func() {
		for n := range ping {
			pong <- n + 1
		}
		close(pong)
	}()
	n := 0
	for i := 0; i < 100000; i++ {
		ping <- n
		n = <-pong
	}
	close(ping)
	_, open := <-pong
	println(n, open)
}
