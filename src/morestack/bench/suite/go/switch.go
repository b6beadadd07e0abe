package main

// Two goroutines that hand a number back and forth: one switch to look at.

func echo(in, out chan int, depth int) {
	if depth > 0 {
		echo(in, out, depth-1)
		return
	}
	for x := range in {
		out <- x + 1
	}
	close(out)
}

func main() {
	in, out := make(chan int), make(chan int)
	go echo(in, out, 3)
	for x := 0; x < 10; {
		in <- x
		x = <-out
	}
	close(in)
	<-out
}
