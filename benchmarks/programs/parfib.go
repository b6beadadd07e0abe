// fib(30), N times, each split into goroutines down to fib(20).
package main

const N = 1

func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

func parallel(n int, to chan<- int) {
	if n <= 20 {
		to <- fib(n)
		return
	}
	c := make(chan int, 2)
	go parallel(n-1, c)
	go parallel(n-2, c)
	to <- <-c + <-c
}

func main() {
	sum := 0
	for i := 0; i < N; i++ {
		c := make(chan int)
		go parallel(30, c)
		sum += <-c
	}
	println(sum == N*832040)
}
