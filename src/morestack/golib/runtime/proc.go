package runtime

// Gosched lets other goroutines run; this one goes on later.
//
//go:linkname Gosched runtime.gosched
func Gosched()

// Goexit ends the goroutine that calls it, after all of its deferred calls have run.
//
//go:linkname Goexit runtime.goexit
func Goexit()

// LockOSThread ties the goroutine to its thread: it runs on no other, and no other runs on that one, until UnlockOSThread
// has been called as many times. If the goroutine ends before, its thread does too.
//
//go:linkname LockOSThread runtime.lockosthread
func LockOSThread()

// UnlockOSThread undoes one LockOSThread.
//
//go:linkname UnlockOSThread runtime.unlockosthread
func UnlockOSThread()
