// Package atomic: loads, stores and changes of memory that several goroutines share, each in one step.
//
// The functions are instructions: a call of one is a runtime call of codegen/emit/atomic.py, sequentially consistent. The
// types and functions are those of Go's package.
package atomic

import "unsafe"

// LoadInt32 loads *addr.
//
//go:noescape
//go:linkname LoadInt32 runtime.atomicload32
func LoadInt32(addr *int32) (val int32)

// StoreInt32 stores val into *addr.
//
//go:noescape
//go:linkname StoreInt32 runtime.atomicstore32
func StoreInt32(addr *int32, val int32)

// AddInt32 adds delta to *addr and returns the new value.
//
//go:noescape
//go:linkname AddInt32 runtime.atomicadd32
func AddInt32(addr *int32, delta int32) (new int32)

// SwapInt32 stores new into *addr and returns the previous value.
//
//go:noescape
//go:linkname SwapInt32 runtime.atomicswap32
func SwapInt32(addr *int32, new int32) (old int32)

// CompareAndSwapInt32 stores new into *addr if that holds old, and tells whether it did.
//
//go:noescape
//go:linkname CompareAndSwapInt32 runtime.atomiccas32
func CompareAndSwapInt32(addr *int32, old, new int32) (swapped bool)

// AndInt32 keeps of *addr the bits of mask, and returns the old value.
//
//go:noescape
//go:linkname AndInt32 runtime.atomicand32
func AndInt32(addr *int32, mask int32) (old int32)

// OrInt32 sets the bits of mask in *addr, and returns the old value.
//
//go:noescape
//go:linkname OrInt32 runtime.atomicor32
func OrInt32(addr *int32, mask int32) (old int32)

// LoadInt64 loads *addr.
//
//go:noescape
//go:linkname LoadInt64 runtime.atomicload64
func LoadInt64(addr *int64) (val int64)

// StoreInt64 stores val into *addr.
//
//go:noescape
//go:linkname StoreInt64 runtime.atomicstore64
func StoreInt64(addr *int64, val int64)

// AddInt64 adds delta to *addr and returns the new value.
//
//go:noescape
//go:linkname AddInt64 runtime.atomicadd64
func AddInt64(addr *int64, delta int64) (new int64)

// SwapInt64 stores new into *addr and returns the previous value.
//
//go:noescape
//go:linkname SwapInt64 runtime.atomicswap64
func SwapInt64(addr *int64, new int64) (old int64)

// CompareAndSwapInt64 stores new into *addr if that holds old, and tells whether it did.
//
//go:noescape
//go:linkname CompareAndSwapInt64 runtime.atomiccas64
func CompareAndSwapInt64(addr *int64, old, new int64) (swapped bool)

// AndInt64 keeps of *addr the bits of mask, and returns the old value.
//
//go:noescape
//go:linkname AndInt64 runtime.atomicand64
func AndInt64(addr *int64, mask int64) (old int64)

// OrInt64 sets the bits of mask in *addr, and returns the old value.
//
//go:noescape
//go:linkname OrInt64 runtime.atomicor64
func OrInt64(addr *int64, mask int64) (old int64)

// LoadUint32 loads *addr.
//
//go:noescape
//go:linkname LoadUint32 runtime.atomicload32
func LoadUint32(addr *uint32) (val uint32)

// StoreUint32 stores val into *addr.
//
//go:noescape
//go:linkname StoreUint32 runtime.atomicstore32
func StoreUint32(addr *uint32, val uint32)

// AddUint32 adds delta to *addr and returns the new value.
//
//go:noescape
//go:linkname AddUint32 runtime.atomicadd32
func AddUint32(addr *uint32, delta uint32) (new uint32)

// SwapUint32 stores new into *addr and returns the previous value.
//
//go:noescape
//go:linkname SwapUint32 runtime.atomicswap32
func SwapUint32(addr *uint32, new uint32) (old uint32)

// CompareAndSwapUint32 stores new into *addr if that holds old, and tells whether it did.
//
//go:noescape
//go:linkname CompareAndSwapUint32 runtime.atomiccas32
func CompareAndSwapUint32(addr *uint32, old, new uint32) (swapped bool)

// AndUint32 keeps of *addr the bits of mask, and returns the old value.
//
//go:noescape
//go:linkname AndUint32 runtime.atomicand32
func AndUint32(addr *uint32, mask uint32) (old uint32)

// OrUint32 sets the bits of mask in *addr, and returns the old value.
//
//go:noescape
//go:linkname OrUint32 runtime.atomicor32
func OrUint32(addr *uint32, mask uint32) (old uint32)

// LoadUint64 loads *addr.
//
//go:noescape
//go:linkname LoadUint64 runtime.atomicload64
func LoadUint64(addr *uint64) (val uint64)

// StoreUint64 stores val into *addr.
//
//go:noescape
//go:linkname StoreUint64 runtime.atomicstore64
func StoreUint64(addr *uint64, val uint64)

// AddUint64 adds delta to *addr and returns the new value.
//
//go:noescape
//go:linkname AddUint64 runtime.atomicadd64
func AddUint64(addr *uint64, delta uint64) (new uint64)

// SwapUint64 stores new into *addr and returns the previous value.
//
//go:noescape
//go:linkname SwapUint64 runtime.atomicswap64
func SwapUint64(addr *uint64, new uint64) (old uint64)

// CompareAndSwapUint64 stores new into *addr if that holds old, and tells whether it did.
//
//go:noescape
//go:linkname CompareAndSwapUint64 runtime.atomiccas64
func CompareAndSwapUint64(addr *uint64, old, new uint64) (swapped bool)

// AndUint64 keeps of *addr the bits of mask, and returns the old value.
//
//go:noescape
//go:linkname AndUint64 runtime.atomicand64
func AndUint64(addr *uint64, mask uint64) (old uint64)

// OrUint64 sets the bits of mask in *addr, and returns the old value.
//
//go:noescape
//go:linkname OrUint64 runtime.atomicor64
func OrUint64(addr *uint64, mask uint64) (old uint64)

// LoadUintptr loads *addr.
//
//go:noescape
//go:linkname LoadUintptr runtime.atomicload64
func LoadUintptr(addr *uintptr) (val uintptr)

// StoreUintptr stores val into *addr.
//
//go:noescape
//go:linkname StoreUintptr runtime.atomicstore64
func StoreUintptr(addr *uintptr, val uintptr)

// AddUintptr adds delta to *addr and returns the new value.
//
//go:noescape
//go:linkname AddUintptr runtime.atomicadd64
func AddUintptr(addr *uintptr, delta uintptr) (new uintptr)

// SwapUintptr stores new into *addr and returns the previous value.
//
//go:noescape
//go:linkname SwapUintptr runtime.atomicswap64
func SwapUintptr(addr *uintptr, new uintptr) (old uintptr)

// CompareAndSwapUintptr stores new into *addr if that holds old, and tells whether it did.
//
//go:noescape
//go:linkname CompareAndSwapUintptr runtime.atomiccas64
func CompareAndSwapUintptr(addr *uintptr, old, new uintptr) (swapped bool)

// AndUintptr keeps of *addr the bits of mask, and returns the old value.
//
//go:noescape
//go:linkname AndUintptr runtime.atomicand64
func AndUintptr(addr *uintptr, mask uintptr) (old uintptr)

// OrUintptr sets the bits of mask in *addr, and returns the old value.
//
//go:noescape
//go:linkname OrUintptr runtime.atomicor64
func OrUintptr(addr *uintptr, mask uintptr) (old uintptr)

// Pointers: what is stored escapes.

// LoadPointer loads *addr.
//
//go:linkname LoadPointer runtime.atomicloadptr
func LoadPointer(addr *unsafe.Pointer) (val unsafe.Pointer)

// StorePointer stores val into *addr.
//
//go:linkname StorePointer runtime.atomicstoreptr
func StorePointer(addr *unsafe.Pointer, val unsafe.Pointer)

// SwapPointer stores new into *addr and returns the previous value.
//
//go:linkname SwapPointer runtime.atomicswapptr
func SwapPointer(addr *unsafe.Pointer, new unsafe.Pointer) (old unsafe.Pointer)

// CompareAndSwapPointer stores new into *addr if that holds old, and tells whether it did.
//
//go:linkname CompareAndSwapPointer runtime.atomiccasptr
func CompareAndSwapPointer(addr *unsafe.Pointer, old, new unsafe.Pointer) (swapped bool)
