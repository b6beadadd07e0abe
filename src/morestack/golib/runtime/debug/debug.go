// Package debug sets what the runtime does, and prints tracebacks.
package debug

import "runtime"

//go:linkname setgcpercent runtime.setgcpercent
func setgcpercent(percent int) int

//go:linkname setmemorylimit runtime.setmemorylimit
func setmemorylimit(limit int64) int64

//go:linkname setmaxstacksize runtime.setmaxstacksize
func setmaxstacksize(bytes int) int

//go:linkname setmaxthreads runtime.setmaxthreads
func setmaxthreads(threads int) int

// SetGCPercent sets how much the heap may grow before the next collection, in percent of what was reachable at the last
// one; negative: no collections. It returns what was set before.
func SetGCPercent(percent int) int { return setgcpercent(percent) }

// SetMemoryLimit sets how much memory the runtime should take from the system, in bytes: collections come as often as that
// needs, but not so often that they take most of the time. A negative limit changes nothing. It returns what was set before.
func SetMemoryLimit(limit int64) int64 { return setmemorylimit(limit) }

// SetMaxStack sets the limit of a goroutine's stack in bytes, and returns the one before.
func SetMaxStack(bytes int) int { return setmaxstacksize(bytes) }

// SetMaxThreads sets how many threads of the operating system the program may use; one that uses more ends at once. It
// returns the limit before.
func SetMaxThreads(threads int) int { return setmaxthreads(threads) }

// FreeOSMemory collects garbage; free stacks go back to the heap.
func FreeOSMemory() { runtime.GC() }

// Stack is the traceback of the goroutine that calls it.
func Stack() []byte {
	buf := make([]byte, 1024)
	for {
		n := runtime.Stack(buf, false)
		if n < len(buf) {
			return buf[:n]
		}
		buf = make([]byte, 2*len(buf))
	}
}

// PrintStack prints it on standard error.
func PrintStack() { print(string(Stack())) }
