// Package runtime lets a program ask about, and act on, the runtime it runs on.
//
// What the runtime does is written in the dialect (src/morestack/runtime); this package gives it Go's names.
package runtime

// GOOS is the operating system that code is compiled for.
const GOOS string = "linux"

// GOARCH is the architecture that code is compiled for.
const GOARCH string = "amd64"

// Compiler is the compiler toolchain that built the program.
const Compiler = "morestack"

// Version returns the version of Go that programs are compiled as.
func Version() string { return "go1.27" }

// KeepAlive keeps what x refers to alive up to here.
//
//go:noinline
func KeepAlive(x any) {}
