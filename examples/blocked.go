// One goroutine waits in the kernel for a byte from a pipe. Meanwhile the only processor runs another goroutine.
package main

import (
	"runtime"
	"syscall"
)

func main() {
	var pipe [2]int
	syscall.Pipe(pipe[:])
	got := make(chan byte)
	go func() {
		buf := make([]byte, 1)
		syscall.Read(pipe[0], buf)
		got <- buf[0]
	}()
	runtime.Gosched()
	sum := 0
	for i := range 1000 {
		sum += i
	}
	syscall.Write(pipe[1], []byte{7})
	println(sum, <-got)
}
