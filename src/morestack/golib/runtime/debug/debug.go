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

//go:linkname raisetraceback runtime.raisetraceback
func raisetraceback(bits int)

// SetGCPercent sets how much the heap may grow before the next collection, in percent of what was reachable at the last
// one; negative: no collections. It returns what was set before.
func SetGCPercent(percent int) int { return setgcpercent(percent) }

// SetMemoryLimit sets how much memory the runtime should take from the system, in bytes: collections come as often as that
// needs, but not so often that they take most of the time. A negative limit changes nothing. It returns what was set before.
func SetMemoryLimit(limit int64) int64 { return setmemorylimit(limit) }

// SetMaxStack sets the limit of a goroutine's stack in bytes, and returns the one before.
func SetMaxStack(bytes int) int { return setmaxstacksize(bytes) }

// SetMaxThreads sets how many operating system threads the program may use, and returns the limit before. A program that
// needs more ends.
func SetMaxThreads(threads int) int { return setmaxthreads(threads) }

// SetTraceback sets how much a program that dies prints, as the environment variable GOTRACEBACK does; no less than that
// asks for.
func SetTraceback(level string) {
	bits := 0
	switch level {
	case "none":
	case "single", "":
		bits = 1
	case "all":
		bits = 1 | 4
	case "system":
		bits = 2 | 4
	case "crash":
		bits = 2 | 4 | 8
	default:
		bits = 4 | number(level)
	}
	raisetraceback(bits)
}

// number is the level that digits stand for, at most 2; 0 for other texts.
func number(digits string) int {
	n := 0
	for _, d := range []byte(digits) {
		if d < '0' || d > '9' {
			return 0
		}
		n = min(n*10+int(d-'0'), 2)
	}
	return n
}

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
