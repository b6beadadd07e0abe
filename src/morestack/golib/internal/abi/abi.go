// Package abi is what the standard library knows of type descriptors: as much of it as internal/sync needs.
package abi

import "unsafe"

// A Type is a type descriptor (codegen/data/descriptors.py writes them).
type Type struct {
	Size_       uintptr
	PtrBytes    uintptr
	Hash        uint32
	TFlag       uint8
	Align_      uint8
	FieldAlign_ uint8
	Kind_       uint8
	Equal       func(unsafe.Pointer, unsafe.Pointer) bool
	GCData      *byte
	Str         int32
	PtrToThis   int32
}

// A MapType is the descriptor of a map type, with a hash function.
type MapType struct {
	Type
	Key    *Type
	Elem   *Type
	Group  *Type
	Hasher func(unsafe.Pointer, uintptr) uintptr
}

//go:linkname hashof runtime.hashof
func hashof(t unsafe.Pointer, p unsafe.Pointer, seed int) int

// TypeOf returns the descriptor of the dynamic type of a.
func TypeOf(a any) *Type { return *(**Type)(unsafe.Pointer(&a)) }

// MapType returns t as that of a map; nil when it is none. Descriptors hold no hash function, because the runtime hashes
// by kind, so the result is a copy with one.
func (t *Type) MapType() *MapType {
	if t.Kind_&31 != 21 {
		return nil
	}
	m := *(*MapType)(unsafe.Pointer(t))
	key := unsafe.Pointer(m.Key)
	m.Hasher = func(p unsafe.Pointer, seed uintptr) uintptr { return uintptr(hashof(key, p, int(seed))) }
	return &m
}

// NoEscape hides p from escape analysis.
//
//go:nosplit
func NoEscape(p unsafe.Pointer) unsafe.Pointer {
	x := uintptr(p)
	return unsafe.Pointer(x ^ 0)
}
