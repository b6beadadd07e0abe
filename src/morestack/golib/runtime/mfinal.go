package runtime

import "unsafe"

// finalization is what runtime/gc/mfinal.py gives to the goroutine that runs finalizers: a closure and its argument.
type finalization struct {
	fn      unsafe.Pointer
	word    unsafe.Pointer // before arg, when the closure takes an interface
	arg     unsafe.Pointer
	shape   uintptr // 1: the closure takes an interface
	results uintptr // bytes
}

//go:linkname setfinalizer runtime.setfinalizer
func setfinalizer(obj, finalizer any) int

//go:linkname addcleanup runtime.addcleanup
func addcleanup(p, closure, arg, call unsafe.Pointer) int

//go:linkname stopcleanup runtime.stopcleanup
func stopcleanup(p uintptr, id int)

//go:linkname startfinalizers runtime.startfinalizers
func startfinalizers() bool

//go:noescape
//go:linkname takefinalizer runtime.takefinalizer
func takefinalizer(f unsafe.Pointer) bool

//go:linkname waitfinalizer runtime.waitfinalizer
func waitfinalizer()

// SetFinalizer sets the function to be called with obj, a pointer, when a collection finds that nothing else reaches
// what it points to. A finalizer of nil removes what was set.
//
// Of objects that reach each other the one that none of them reaches is finalized first, the next ones when a later
// collection finds them; if they form a circle, none ever is. One goroutine runs all finalizers, one after the other.
func SetFinalizer(obj any, finalizer any) {
	if setfinalizer(obj, finalizer) != 0 {
		createfing()
	}
}

// A Cleanup is a call that AddCleanup has arranged.
type Cleanup struct {
	id  int
	ptr uintptr
}

// AddCleanup arranges that cleanup(arg) is called some time after a collection has found that nothing reaches ptr.
func AddCleanup[T, S any](ptr *T, cleanup func(S), arg S) Cleanup {
	if ptr == nil {
		panic("runtime.AddCleanup: ptr is nil")
	}
	var argp unsafe.Pointer
	boxed := any(arg)
	if isPointer(boxed) {
		argp = (*[2]unsafe.Pointer)(unsafe.Pointer(&boxed))[1]
		if argp == unsafe.Pointer(ptr) {
			panic("runtime.AddCleanup: ptr is equal to arg, cleanup will never run")
		}
	}
	call := func() { cleanup(arg) }
	id := addcleanup(unsafe.Pointer(ptr), *(*unsafe.Pointer)(unsafe.Pointer(&cleanup)), argp,
		*(*unsafe.Pointer)(unsafe.Pointer(&call)))
	switch id {
	case 0:
		return Cleanup{}
	case -2:
		panic("runtime.AddCleanup: ptr not in allocated block")
	case -3:
		panic("runtime.AddCleanup: ptr is within arg, cleanup will never run")
	case -4:
		panic("runtime.AddCleanup: cleanup function closes over ptr, cleanup will never run")
	}
	if startfinalizers() {
		createfing()
	}
	return Cleanup{id, uintptr(unsafe.Pointer(ptr))}
}

// Stop cancels the call. It does nothing once the call waits to be made.
func (c Cleanup) Stop() {
	if c.id != 0 {
		stopcleanup(c.ptr, c.id)
	}
}

// isPointer reports whether x holds a pointer or an unsafe.Pointer.
func isPointer(x any) bool {
	t := *(*unsafe.Pointer)(unsafe.Pointer(&x))
	if t == nil {
		return false
	}
	kind := *(*uint8)(unsafe.Add(t, 23))
	return kind == 22 || kind == 26
}

func createfing() { go runFinalizers() }

// runFinalizers runs what collections have queued, for ever.
func runFinalizers() {
	var f finalization
	for {
		for !takefinalizer(unsafe.Pointer(&f)) {
			waitfinalizer()
		}
		switch {
		case f.results > 512:
			finalizeLarge(&f)
		case f.shape == 1:
			boxed := [2]unsafe.Pointer{f.word, f.arg}
			fn := *(*func(any) [64]uint64)(unsafe.Pointer(&f.fn))
			fn(*(*any)(unsafe.Pointer(&boxed)))
		default:
			fn := *(*func(unsafe.Pointer) [64]uint64)(unsafe.Pointer(&f.fn))
			fn(f.arg)
		}
		f = finalization{}
	}
}

// finalizeLarge calls a finalizer whose results take more room than others have. The types of its results do not matter:
// room for them lies in the caller's frame, and nobody reads it.
func finalizeLarge(f *finalization) {
	if f.shape == 1 {
		boxed := [2]unsafe.Pointer{f.word, f.arg}
		fn := *(*func(any) [8192]uint64)(unsafe.Pointer(&f.fn))
		fn(*(*any)(unsafe.Pointer(&boxed)))
		return
	}
	fn := *(*func(unsafe.Pointer) [8192]uint64)(unsafe.Pointer(&f.fn))
	fn(f.arg)
}
