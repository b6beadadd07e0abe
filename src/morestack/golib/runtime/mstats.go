package runtime

import "unsafe"

// memFacts is what the runtime tells; runtime/memstats.py fills it.
type memFacts struct {
	alloc, totalAlloc, sys, stackInuse, nextGC, pauseTotal, numGC, gcPercent uint64
}

//go:noescape
//go:linkname memstats runtime.memstats
func memstats(facts unsafe.Pointer)

// A MemStats has what is known about memory. It has fewer fields than Go's: none that would not be true.
type MemStats struct {
	Alloc      uint64 // bytes of objects, those that are garbage but not found to be so included
	TotalAlloc uint64 // bytes of all objects ever
	Sys        uint64 // bytes of memory the heap and the stacks have taken so far

	HeapAlloc uint64 // as Alloc
	HeapSys   uint64 // as Sys

	StackInuse uint64 // bytes of stacks

	NextGC       uint64 // Alloc at which the next collection begins
	PauseTotalNs uint64 // time of all collections
	NumGC        uint32 // collections so far
	EnableGC     bool   // false with GOGC=off
}

// ReadMemStats fills m with what is so now.
func ReadMemStats(m *MemStats) {
	var f memFacts
	memstats(unsafe.Pointer(&f))
	*m = MemStats{
		Alloc: f.alloc, TotalAlloc: f.totalAlloc, Sys: f.sys, HeapAlloc: f.alloc, HeapSys: f.sys,
		StackInuse: f.stackInuse, NextGC: f.nextGC, PauseTotalNs: f.pauseTotal, NumGC: uint32(f.numGC),
		EnableGC: f.gcPercent != 0,
	}
}
