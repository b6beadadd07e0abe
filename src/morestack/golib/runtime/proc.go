package runtime

// Gosched lets other goroutines run; this one goes on later.
//
//go:linkname Gosched runtime.gosched
func Gosched()

// Goexit ends the goroutine that calls it, after all of its deferred calls have run.
//
//go:linkname Goexit runtime.goexit
func Goexit()

// LockOSThread keeps the goroutine on the thread it runs on. There is one thread that runs goroutines, so all are.
func LockOSThread() {}

// UnlockOSThread undoes one LockOSThread.
func UnlockOSThread() {}
