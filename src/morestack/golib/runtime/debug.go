package runtime

//go:linkname gcount runtime.gcount
func gcount() int

//go:linkname ncpu runtime.ncpu
func ncpu() int

// NumGoroutine returns the number of goroutines that exist.
func NumGoroutine() int { return gcount() }

// NumCPU returns the number of processors this process may run on.
func NumCPU() int { return ncpu() }

// GOMAXPROCS sets how many processors run Go code at a time, and returns how many did. n < 1 changes nothing.
//
//go:linkname GOMAXPROCS runtime.gomaxprocs
func GOMAXPROCS(n int) int

// Stack writes the goroutine's traceback to buf, and with all those of the others. It returns how many bytes it wrote.
//
//go:noescape
//go:linkname Stack runtime.tracestack
func Stack(buf []byte, all bool) int

// Breakpoint stops in a debugger; without one the process ends with SIGTRAP.
//
//go:linkname Breakpoint runtime.breakpoint
func Breakpoint()
