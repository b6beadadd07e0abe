package runtime

// Gosched lets other goroutines run; this one goes on later.
//
//go:linkname Gosched runtime.gosched
func Gosched()

// Goexit ends the goroutine that calls it, after all of its deferred calls have run.
//
//go:linkname Goexit runtime.goexit
func Goexit()
