package atomic

import "unsafe"

// A Value holds a value of one type, any, that goroutines share. The zero Value is empty.
//
// typ goes from nil over &storing to the type of the first value stored, and stays; from then on a change is one of
// data alone.
type Value struct {
	typ  unsafe.Pointer
	data unsafe.Pointer
}

// words is how an any lies in memory.
type words struct {
	typ  unsafe.Pointer
	data unsafe.Pointer
}

var storing byte

//go:linkname gosched runtime.gosched
func gosched()

// ready is the type of the value in v; nil when there is none. It waits for a first store under way.
func (v *Value) ready() unsafe.Pointer {
	for {
		typ := LoadPointer(&v.typ)
		if typ != unsafe.Pointer(&storing) {
			return typ
		}
		gosched()
	}
}

// first stores into an empty v, and tells whether it was empty.
func (v *Value) first(w *words) bool {
	if !CompareAndSwapPointer(&v.typ, nil, unsafe.Pointer(&storing)) {
		return false
	}
	StorePointer(&v.data, w.data)
	StorePointer(&v.typ, w.typ)
	return true
}

// Load returns the value stored last, nil when there is none.
func (v *Value) Load() (val any) {
	typ := LoadPointer(&v.typ)
	if typ == nil || typ == unsafe.Pointer(&storing) {
		return nil
	}
	w := (*words)(unsafe.Pointer(&val))
	w.data = LoadPointer(&v.data)
	w.typ = typ
	return val
}

// Store sets the value, whose type must be that of all values stored before; it must not be nil.
func (v *Value) Store(val any) {
	if val == nil {
		panic("sync/atomic: store of nil value into Value")
	}
	w := (*words)(unsafe.Pointer(&val))
	for {
		typ := v.ready()
		if typ == nil {
			if v.first(w) {
				return
			}
			continue
		}
		if typ != w.typ {
			panic("sync/atomic: store of inconsistently typed value into Value")
		}
		StorePointer(&v.data, w.data)
		return
	}
}

// Swap sets the value as Store does and returns the one before, nil when there was none.
func (v *Value) Swap(new any) (old any) {
	if new == nil {
		panic("sync/atomic: swap of nil value into Value")
	}
	w := (*words)(unsafe.Pointer(&new))
	for {
		typ := v.ready()
		if typ == nil {
			if v.first(w) {
				return nil
			}
			continue
		}
		if typ != w.typ {
			panic("sync/atomic: swap of inconsistently typed value into Value")
		}
		o := (*words)(unsafe.Pointer(&old))
		o.data = SwapPointer(&v.data, w.data)
		o.typ = typ
		return old
	}
}

// CompareAndSwap sets the value to new if it equals old, and tells whether it did.
func (v *Value) CompareAndSwap(old, new any) (swapped bool) {
	if new == nil {
		panic("sync/atomic: compare and swap of nil value into Value")
	}
	w := (*words)(unsafe.Pointer(&new))
	o := (*words)(unsafe.Pointer(&old))
	if o.typ != nil && w.typ != o.typ {
		panic("sync/atomic: compare and swap of inconsistently typed values")
	}
	for {
		typ := v.ready()
		if typ == nil {
			if old != nil {
				return false
			}
			if v.first(w) {
				return true
			}
			continue
		}
		if typ != w.typ {
			panic("sync/atomic: compare and swap of inconsistently typed value into Value")
		}
		data := LoadPointer(&v.data)
		var now any
		n := (*words)(unsafe.Pointer(&now))
		n.data = data
		n.typ = typ
		if now != old {
			return false
		}
		return CompareAndSwapPointer(&v.data, data, w.data)
	}
}
