package runtime

// A MemStats has what is known about memory. The runtime fills it in: runtime/report/memstats.py has the same layout.
type MemStats struct {
	Alloc      uint64 // bytes of objects, those that are garbage but not found to be so included
	TotalAlloc uint64 // bytes of all objects ever
	Sys        uint64 // bytes taken from the system: the sum of what ends in Sys below
	Lookups    uint64 // always 0
	Mallocs    uint64 // objects ever allocated
	Frees      uint64 // objects freed

	HeapAlloc    uint64 // as Alloc
	HeapSys      uint64 // memory for objects, with what is free or given back
	HeapIdle     uint64 // of it, pages without objects
	HeapInuse    uint64 // of it, pages with objects
	HeapReleased uint64 // of the pages without objects, those given back to the system
	HeapObjects  uint64 // Mallocs - Frees

	StackInuse  uint64 // pages of stacks
	StackSys    uint64
	MSpanInuse  uint64 // records of runs of pages
	MSpanSys    uint64
	MCacheInuse uint64 // processors
	MCacheSys   uint64
	BuckHashSys uint64 // always 0: there are no profiles
	GCSys       uint64 // the collector's bits and tables
	OtherSys    uint64 // goroutines, threads, tables

	NextGC       uint64      // Alloc at which the next collection begins
	LastGC       uint64      // when the last one ended, in nanoseconds since 1970
	PauseTotalNs uint64      // time of all collections
	PauseNs      [256]uint64 // of the last ones: that of the latest is at (NumGC + 255) % 256
	PauseEnd     [256]uint64 // when they ended

	NumGC         uint32  // collections so far
	NumForcedGC   uint32  // those asked for by GC
	GCCPUFraction float64 // share of the time the collector has taken
	EnableGC      bool    // false with GOGC=off
	DebugGC       bool    // always false

	// BySize has allocations by size class: objects larger than the one before, and up to Size.
	BySize [61]struct {
		Size    uint32
		Mallocs uint64
		Frees   uint64
	}
}

// MemProfileRate is how many bytes a memory profile would leave out between samples. There are no profiles.
var MemProfileRate int = 512 * 1024

// ReadMemStats fills m with what is so now. Nothing else runs meanwhile.
//
//go:noescape
//go:linkname ReadMemStats runtime.memstats
func ReadMemStats(m *MemStats)
