// Parked puts goroutines into all the states they can wait in, tells what Go's runtime says of them, and stays as it
// is: `parked N FOLDER` writes FOLDER/dump.txt (runtime.Stack of all, with stack and frame pointers), FOLDER/truth.json,
// and FOLDER/ready, then waits for its standard input to end.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"syscall"
	"time"
)

var (
	lock   sync.Mutex
	starts = map[string]string{}
	never  = make(chan int) // nobody sends
	full   = make(chan int) // nobody receives
	began  sync.WaitGroup
	stuck  sync.Mutex
	rw     sync.RWMutex
	cond   = sync.NewCond(&sync.Mutex{})
	sink   int
)

// born records the goroutine's id and the function it was started with.
func born(start string) {
	var buf [64]byte
	id := bytes.Fields(buf[:runtime.Stack(buf[:], false)])[1]
	lock.Lock()
	starts[string(id)] = start
	lock.Unlock()
	began.Done()
}

//go:noinline
func deep(n int) int {
	var pad [128]byte
	if n == 0 {
		return <-never
	}
	pad[n%128] = byte(n)
	return deep(n-1) + int(pad[(n+1)%128])
}

//go:noinline
func deepWide(n int) int {
	var pad [2000]byte
	if n == 0 {
		return <-never
	}
	pad[n%2000] = byte(n)
	return deepWide(n-1) + int(pad[(n+1)%2000])
}

func worker(i int) {
	born("main.worker")
	deep(12 + i%3)
}

func farm() {
	born("main.farm")
	deepWide(20)
}

func selects() {
	born("main.selects")
	select {
	case <-never:
	case full <- 1:
	case <-time.After(time.Hour):
	}
}

func locks() {
	born("main.locks")
	stuck.Lock()
}

func reads() {
	born("main.reads")
	rw.RLock()
}

func waits() {
	born("main.waits")
	cond.L.Lock()
	cond.Wait()
}

func sleeps() {
	born("main.sleeps")
	time.Sleep(time.Hour)
}

func sends() {
	born("main.sends")
	full <- 1
}

func pipes(fd int) {
	born("main.pipes")
	var b [1]byte
	syscall.Read(fd, b[:])
}

func accepts(l net.Listener) {
	born("main.accepts")
	l.Accept()
}

func copies(r io.Reader) {
	born("main.copies")
	io.Copy(io.Discard, r)
}

func panics() {
	born("main.panics")
	defer func() {
		recover()
		<-never
	}()
	defer func() { panic("second") }()
	panic("first")
}

//go:noinline
func faulty(p *[100]int, i int) int { return p[i] }

func faults() {
	born("main.faults")
	defer func() { <-never }()
	sink = faulty(nil, 3)
}

type shape interface{ area(int) int }

type square struct{ side int }

func (s square) area(n int) int { return deep(n + s.side) }

type box struct{ square }

type number interface{ ~int | ~int64 }

//go:noinline
func generic[T number](n T) T {
	if n == 0 {
		return T(<-never)
	}
	return generic(n-1) + 1
}

func methods(s shape) {
	born("main.methods")
	s.area(2)
}

func generics() {
	born("main.generics")
	generic(int64(4))
}

func reflects() {
	born("main.reflects")
	made := reflect.MakeFunc(reflect.TypeOf(deep), func(in []reflect.Value) []reflect.Value {
		return reflect.ValueOf(deep).Call(in)
	})
	made.Interface().(func(int) int)(3)
}

func bigFrame() {
	born("main.bigFrame")
	var big [100 << 10]byte
	big[sink] = 1
	<-never
	sink = int(big[sink+1])
}

func once() {
	born("main.once")
	var o sync.Once
	o.Do(func() { <-never })
}

func exits() {
	born("main.exits")
	defer func() { <-never }()
	runtime.Goexit()
}

func spins() {
	born("main.spins")
	for {
		sink++
	}
}

var more []func()

func main() {
	n, _ := strconv.Atoi(os.Args[1])
	folder := os.Args[2]
	spinners := 0
	if len(os.Args) > 3 {
		spinners, _ = strconv.Atoi(os.Args[3])
	}
	debug.SetTraceback("system")
	stuck.Lock()
	rw.Lock()
	var ended sync.WaitGroup
	for i := 0; i < 300; i++ {
		ended.Add(1)
		go func() { ended.Done() }()
	}
	ended.Wait()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	for i := 0; i < 2; i++ {
		var fds [2]int
		syscall.Pipe(fds[:])
		began.Add(1)
		go pipes(fds[0])
	}
	reader, writer, _ := os.Pipe()
	single := []func(){farm, selects, locks, reads, waits, sleeps, sends, panics, faults, generics, reflects, bigFrame, once, exits}
	for _, f := range append(single, more...) {
		began.Add(2)
		go f()
		go f()
	}
	began.Add(5)
	go accepts(listener)
	go copies(reader)
	go methods(square{3})
	go methods(&square{4})
	go methods(&box{square{5}})
	began.Add(2)
	go func() {
		born("main.main.func2")
		deep(150)
	}()
	go func() {
		born("main.main.func3")
		deep(6000)
	}()
	for i := 0; i < n; i++ {
		began.Add(1)
		go worker(i)
	}
	began.Wait()
	time.Sleep(300 * time.Millisecond)
	runtime.GC()
	began.Add(spinners)
	for i := 0; i < spinners; i++ {
		go spins()
	}
	began.Wait()
	gate := make(chan int)
	for i := 0; i < 50; i++ {
		ended.Add(1)
		go func() { <-gate; ended.Done() }()
	}
	close(gate)
	ended.Wait()
	time.Sleep(50 * time.Millisecond)
	debug.SetGCPercent(-1)
	buf := make([]byte, (n+2000)*6000)
	dump := buf[:runtime.Stack(buf, true)]
	must(os.WriteFile(filepath.Join(folder, "dump.txt"), dump, 0o644))
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	truth, _ := json.Marshal(map[string]any{
		"goroutines":  runtime.NumGoroutine(),
		"stack_inuse": stats.StackInuse,
		"starts":      starts,
		"version":     runtime.Version(),
		"whole":       len(dump) < len(buf),
	})
	must(os.WriteFile(filepath.Join(folder, "truth.json"), truth, 0o644))
	must(os.WriteFile(filepath.Join(folder, "ready"), nil, 0o644))
	fmt.Println("ready")
	var b [1]byte
	syscall.Read(0, b[:])
	runtime.KeepAlive(writer)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
