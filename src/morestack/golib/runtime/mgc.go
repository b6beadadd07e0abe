package runtime

//go:linkname gcnow runtime.gcnow
func gcnow()

// GC runs a collection; it has ended when GC returns. Other goroutines run meanwhile, as they do in Go.
func GC() {
	gcnow()
	Gosched()
}
