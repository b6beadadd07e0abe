// Service answers requests, each on a goroutine of its own, through the layers that services have: a request's
// identity, a log line, a deadline, a recovered panic, then the handler. It drives itself with clients in the same
// process, so that one command gives its profiles:
//
//	go build -o service .
//	./service -seconds 3 -cpu cpu.pb.gz -goroutines goroutines.pb.gz
//
// As written it pays for the growth of every request's stack. -fix does one of the things that `morestack advise`
// weighs; docs/service.md goes through them.
package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"time"
)

var (
	seconds    = flag.Float64("seconds", 3, "how long the clients ask")
	clients    = flag.Int("clients", 64, "how many ask at a time")
	idle       = flag.Int("idle", 2000, "connections that wait, as every service has")
	fix        = flag.String("fix", "", "pool: answer on goroutines that stay; start: begin with 16 KB; frame: keep the page out of the frame")
	cpu        = flag.String("cpu", "", "write a CPU profile here")
	goroutines = flag.String("goroutines", "", "write a goroutine profile here, while the clients ask")
	listen     = flag.String("listen", "", "serve net/http/pprof here, and stay until killed")
)

func main() {
	flag.Parse()
	s := newServer(*fix)
	stop := make(chan struct{})
	for i := 0; i < *idle; i++ {
		go idleConnection(stop)
	}
	if *cpu != "" {
		f := create(*cpu)
		if err := pprof.StartCPUProfile(f); err != nil {
			log.Fatal(err)
		}
	}
	if *listen != "" {
		go func() { log.Fatal(http.ListenAndServe(*listen, nil)) }()
	}
	var done atomic.Bool
	var answered atomic.Int64
	var all sync.WaitGroup
	for i := 0; i < *clients; i++ {
		all.Add(1)
		go client(s, i, &done, &answered, &all)
	}
	length := time.Duration(*seconds * float64(time.Second))
	time.Sleep(length / 2)
	if *goroutines != "" {
		if err := pprof.Lookup("goroutine").WriteTo(create(*goroutines), 0); err != nil {
			log.Fatal(err)
		}
	}
	time.Sleep(length / 2)
	if *listen != "" {
		select {}
	}
	done.Store(true)
	all.Wait()
	pprof.StopCPUProfile()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Printf("%d requests a second, %d KB of stacks\n", int(float64(answered.Load())/(*seconds)), m.StackInuse>>10)
	close(stop)
}

func create(name string) *os.File {
	f, err := os.Create(name)
	if err != nil {
		log.Fatal(err)
	}
	return f
}

// idleConnection waits for a request that does not come.
func idleConnection(stop chan struct{}) {
	<-stop
}

// client asks again as soon as it is answered.
func client(s *server, id int, done *atomic.Bool, answered *atomic.Int64, all *sync.WaitGroup) {
	defer all.Done()
	reply := make(chan int, 1)
	for n := 0; !done.Load(); n++ {
		s.accept(&request{id: id, seq: n, path: "/orders/17/items", reply: reply})
		<-reply
		answered.Add(1)
	}
}
