// Spawning: N goroutines one after the other, each started, run and ended; the last of each batch reports.
package main

const N = 1

var count int

func work() { count++ }

func main() {
	done := make(chan bool)
	for i := 0; i < N; i += 100 {
		for j := 0; j < 99; j++ {
			go work()
		}
		go func() { done <- true }()
		<-done
	}
	println(count > 0)
}
