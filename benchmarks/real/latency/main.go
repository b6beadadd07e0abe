// Latency answers requests over TCP on the loopback while many goroutines wait: `latency N`. Each line of standard
// input ends a window; the answer is the window's requests and their 50th and 99th percentile and maximum, in
// microseconds.
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"
)

var (
	lock  sync.Mutex
	times []time.Duration
	never = make(chan int)
)

//go:noinline
func idle(n int) int {
	var pad [200]byte
	if n == 0 {
		return <-never
	}
	pad[n] = 1
	return idle(n-1) + int(pad[n+1])
}

func serve(c net.Conn) {
	var b [64]byte
	for {
		if _, err := c.Read(b[:]); err != nil {
			return
		}
		c.Write(b[:])
	}
}

func client(address string) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		panic(err)
	}
	var b [64]byte
	for {
		began := time.Now()
		c.Write(b[:])
		c.Read(b[:])
		took := time.Since(began)
		lock.Lock()
		times = append(times, took)
		lock.Unlock()
		time.Sleep(time.Millisecond)
	}
}

func main() {
	n, _ := strconv.Atoi(os.Args[1])
	for i := 0; i < n; i++ {
		go idle(5 + i%15)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	for i := 0; i < 4; i++ {
		go client(l.Addr().String())
		c, err := l.Accept()
		if err != nil {
			panic(err)
		}
		go serve(c)
	}
	fmt.Println("ready")
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		lock.Lock()
		window := times
		times = nil
		lock.Unlock()
		slices.Sort(window)
		at := func(share float64) int64 {
			if len(window) == 0 {
				return 0
			}
			return window[int(share*float64(len(window)-1))].Microseconds()
		}
		fmt.Println(len(window), at(0.5), at(0.99), at(1))
	}
}
