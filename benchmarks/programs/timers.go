// Timers, 1000 a round: what a round does is chosen by What.
package main

import "time"

const N = 1
const What = 0
const Pending = 0

var fired int

// stopped makes timers that are far from due, and stops them.
func stopped(timers []*time.Timer) {
	for i := range timers {
		timers[i] = time.NewTimer(time.Hour + time.Duration(i*7919%1000))
	}
	for i := range timers {
		if timers[i*7%1000].Stop() {
			fired++
		}
	}
}

// called makes timers that call functions at once, or soon.
func called(done chan bool) {
	for i := range 1000 {
		time.AfterFunc(time.Duration(i*7919%1000), func() { done <- true })
	}
	for range 1000 {
		<-done
		fired++
	}
}

// slept makes goroutines that sleep for a moment.
func slept(done chan bool) {
	for i := range 1000 {
		go func() {
			time.Sleep(time.Duration(1 + i*7919%1000))
			done <- true
		}()
	}
	for range 1000 {
		<-done
		fired++
	}
}

// received makes timers with channels, and waits for each.
func received() {
	for range 1000 {
		<-time.After(1)
		fired++
	}
}

func main() {
	for i := range Pending {
		time.AfterFunc(time.Hour+time.Duration(i), func() {})
	}
	timers := make([]*time.Timer, 1000)
	done := make(chan bool, 1000)
	for range N {
		switch What {
		case 0:
			stopped(timers)
		case 1:
			called(done)
		case 2:
			slept(done)
		case 3:
			received()
		}
	}
	println(fired == N*1000)
}
