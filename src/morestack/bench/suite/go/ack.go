package main

// Ackermann's function: the stack swings between shallow and deep all the time.

const n = 11

func ack(m, n int) int {
	if m == 0 {
		return n + 1
	}
	if n == 0 {
		return ack(m-1, 1)
	}
	return ack(m-1, ack(m, n-1))
}

func main() { println(ack(3, n)) }
