package runtime

// Gosched lets other goroutines run; this one goes on later.
//
//go:linkname Gosched runtime.gosched
func Gosched()
