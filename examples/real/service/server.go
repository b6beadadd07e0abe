package main

import (
	"context"
	"runtime"
	"strconv"
	"time"
)

// A request asks for a path; the length of the answer comes back.
type request struct {
	id, seq int
	path    string
	trace   string
	reply   chan int
}

type handler func(ctx context.Context, r *request) int

type server struct {
	handle handler
	queue  chan *request // of the pool, nil without one
	begin  bool          // with a large stack
}

func newServer(fix string) *server {
	h := handler(items)
	if fix == "frame" {
		h = itemsOnPage
	}
	for _, layer := range []func(handler) handler{recovered, timed, logged, traced} {
		h = layer(h)
	}
	s := &server{handle: h, begin: fix == "start"}
	if fix == "pool" {
		s.queue = make(chan *request)
		for i := 0; i < 4*runtime.GOMAXPROCS(0); i++ {
			go s.work()
		}
	}
	return s
}

// accept answers a request on a goroutine of its own, or hands it to the pool.
func (s *server) accept(r *request) {
	if s.queue != nil {
		s.queue <- r
		return
	}
	go s.serve(r)
}

func (s *server) work() {
	for r := range s.queue {
		s.serve(r)
	}
}

func (s *server) serve(r *request) {
	if s.begin {
		growStack()
	}
	r.reply <- s.handle(context.Background(), r)
}

// growStack makes the stack large while there is next to nothing on it to copy.
//
//go:noinline
func growStack() {
	var room [8192]byte
	use(&room)
}

//go:noinline
func use(room *[8192]byte) { room[0] = 1 }

type key string

// traced gives each request a name that its log lines carry.
func traced(next handler) handler {
	return func(ctx context.Context, r *request) int {
		r.trace = strconv.Itoa(r.id) + "-" + strconv.Itoa(r.seq)
		return next(context.WithValue(ctx, key("trace"), r.trace), r)
	}
}

// logged keeps a line of each request; its buffer lies in the frame.
func logged(next handler) handler {
	return func(ctx context.Context, r *request) int {
		var line [1024]byte
		n := copy(line[:], r.path)
		n += copy(line[n:], r.trace)
		size := next(ctx, r)
		record(line[:n], size)
		return size
	}
}

// timed gives up on a request that takes too long.
func timed(next handler) handler {
	return func(ctx context.Context, r *request) int {
		begin := time.Now()
		size := next(ctx, r)
		if time.Since(begin) > time.Second {
			return 0
		}
		return size
	}
}

// recovered answers nothing where the handler panics.
func recovered(next handler) handler {
	return func(ctx context.Context, r *request) (size int) {
		defer func() {
			if recover() != nil {
				size = 0
			}
		}()
		return next(ctx, r)
	}
}
