package runtime

// GC runs a collection; it has ended when GC returns.
//
//go:linkname GC runtime.gcnow
func GC()
