package sync

import (
	"runtime"
	"unsafe"
)

// A Pool holds values that are free to be used again. It may drop any of them at any time; what has not been used for
// two collections is dropped.
//
// Values are kept in parts, one for each processor; who finds its own part empty takes the oldest value of another. A
// goroutine may change its processor at any moment, so a part has a lock, which is hardly ever held by another. The
// collector moves local to victim, and drops victim (runtime/gc/pool.py, which knows where the two words are).
type Pool struct {
	local  unsafe.Pointer // *poolParts
	victim unsafe.Pointer // *poolParts: what was there at the last collection

	noCopy noCopy

	// New, unless it is nil, makes a value when Get has none.
	New func() any
}

type poolParts []poolPart

type poolPart struct {
	mu    Mutex
	items []any
	_     [128 - unsafe.Sizeof(Mutex{}) - unsafe.Sizeof([]any(nil))]byte // a cache line pair of its own
}

// pools lists the pools that have parts, for the collector. It changes under poolsMu, or with the world stopped.
var pools struct {
	all []*Pool // with values in local
	old []*Pool // with values in victim alone
}

var poolsMu Mutex

//go:linkname procid runtime.procid
func procid() int

//go:linkname poolregister runtime.poolregister
func poolregister(lists unsafe.Pointer)

func init() { poolregister(unsafe.Pointer(&pools)) }

// parts is where values go; made when there is none.
func (p *Pool) parts() poolParts {
	if l := (*poolParts)(p.local); l != nil {
		return *l
	}
	made := make(poolParts, runtime.GOMAXPROCS(0))
	poolsMu.Lock()
	defer poolsMu.Unlock()
	if p.local == nil {
		pools.all = append(pools.all, p)
		p.local = unsafe.Pointer(&made)
	}
	return *(*poolParts)(p.local)
}

func (l *poolPart) push(x any) {
	l.mu.Lock()
	l.items = append(l.items, x)
	l.mu.Unlock()
}

// pop takes the value put last, or, from another's part, the first.
func (l *poolPart) pop(own bool) (x any) {
	if len(l.items) == 0 { // a look at a moment: who puts one in now is later than this Get
		return nil
	}
	l.mu.Lock()
	if n := len(l.items); n != 0 {
		at := 0
		if own {
			at = n - 1
		}
		x = l.items[at]
		copy(l.items[at:], l.items[at+1:])
		l.items[n-1] = nil
		l.items = l.items[:n-1]
	}
	l.mu.Unlock()
	return x
}

func (parts poolParts) get() any {
	n := len(parts)
	mine := procid() % n
	for i := 0; i < n; i++ {
		if x := parts[(mine+i)%n].pop(i == 0); x != nil {
			return x
		}
	}
	return nil
}

// Put adds x to the pool.
func (p *Pool) Put(x any) {
	if x == nil {
		return
	}
	parts := p.parts()
	parts[procid()%len(parts)].push(x)
}

// Get takes a value out of the pool; it makes one by New when there is none.
func (p *Pool) Get() any {
	if p == nil {
		panic("nil Pool")
	}
	for _, l := range [...]unsafe.Pointer{p.local, p.victim} {
		if l == nil {
			continue
		}
		if x := (*(*poolParts)(l)).get(); x != nil {
			return x
		}
	}
	if p.New != nil {
		return p.New()
	}
	return nil
}
