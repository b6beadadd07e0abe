// A program whose frames and go statements the tests know.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
)

type block struct{ buf [3000]byte }

//go:noinline
func leaf(b *block, n int) int {
	return int(b.buf[n%3000]) + n
}

//go:noinline
func deep(n int) int {
	var b block
	b.buf[n%7] = 1
	return leaf(&b, n)
}

//go:noinline
func recurse(n int) int {
	if n == 0 {
		return deep(n)
	}
	return recurse(n-1) + 1
}

func worker(ch chan int, wg *sync.WaitGroup) {
	defer wg.Done()
	for n := range ch {
		deep(n)
	}
}

func where() []uintptr {
	pcs := make([]uintptr, 20)
	return pcs[:runtime.Callers(1, pcs)]
}

func inner() []uintptr { return where() }
func middle() []uintptr { return inner() }

//go:noinline
func outer() []uintptr { return middle() }

func plain() { select {} }

func main() {
	pcs := outer()
	for _, pc := range pcs {
		// one pc at a time, so that the frames which are inlined there follow it
		fmt.Printf("pc %#x\n", pc)
	}
	frames := runtime.CallersFrames(pcs)
	for {
		f, more := frames.Next()
		fmt.Printf("frame %s %s:%d\n", f.Function, f.File, f.Line)
		if !more {
			break
		}
	}
	ch := make(chan int)
	var wg sync.WaitGroup
	wg.Add(2)
	go worker(ch, &wg)
	go func() {
		defer wg.Done()
		recurse(3)
	}()
	go plain()
	f := plain
	if len(os.Args) > 3 {
		f = func() { recurse(len(os.Args)) }
	}
	go f()
	ch <- 1
	close(ch)
	wg.Wait()
}
