package main

// Two goroutines that hand a number back and forth over unbuffered channels (cml-pingpong).

const rounds = 1000000

func main() {
	ping, pong := make(chan int), make(chan int)
	go func() {
		for x := range ping {
			pong <- x + 1
		}
		close(pong)
	}()
	x := 0
	for i := 0; i < rounds; i++ {
		ping <- x
		x = <-pong
	}
	close(ping)
	println(x)
}
