package runtime

//go:linkname gcount runtime.gcount
func gcount() int

//go:linkname ncpu runtime.ncpu
func ncpu() int

// NumGoroutine returns the number of goroutines that exist.
func NumGoroutine() int { return gcount() }

// NumCPU returns the number of processors this process may run on.
func NumCPU() int { return ncpu() }

// GOMAXPROCS returns how many processors run Go code at a time. One does for now, whatever n asks for.
func GOMAXPROCS(n int) int { return 1 }

// Stack writes the goroutine's traceback to buf, and with all those of the others. It returns how many bytes it wrote.
//
//go:noescape
//go:linkname Stack runtime.tracestack
func Stack(buf []byte, all bool) int

// Breakpoint stops in a debugger; without one the process ends with SIGTRAP.
//
//go:linkname Breakpoint runtime.breakpoint
func Breakpoint()
