// Package runtime: the errors that failed checks panic with.
//
// runtime/fail/error.py makes the values and knows their layouts; only the types and their methods are here. The names,
// texts and method sets are those of Go's runtime/error.go.
package runtime

// An Error is a run-time error: it has a method that other errors do not have.
type Error interface {
	error
	RuntimeError()
}

// errorString is an error whose text begins with "runtime error: ".
type errorString string

func (e errorString) RuntimeError() {}

func (e errorString) Error() string { return "runtime error: " + string(e) }

// plainError is an error whose text has no prefix.
type plainError string

func (e plainError) RuntimeError() {}

func (e plainError) Error() string { return string(e) }

// boundsError is a failed check of index x against the limit y.
type boundsError struct {
	x      int64
	y      int
	code   uint8
	signed bool // x is negative when its sign bit is set
}

func (e boundsError) RuntimeError() {}

// boundsText has a text for each code; x and y stand for themselves behind a percent sign.
var boundsText = [...]string{
	"index out of range [%x] with length %y",
	"slice bounds out of range [:%x] with length %y",
	"slice bounds out of range [:%x] with capacity %y",
	"slice bounds out of range [%x:%y]",
	"slice bounds out of range [::%x] with length %y",
	"slice bounds out of range [::%x] with capacity %y",
	"slice bounds out of range [:%x:%y]",
	"slice bounds out of range [%x:%y:]",
	"cannot convert slice with length %y to array or pointer to array with length %x",
}

// negativeText is for a negative x: no limit is to blame.
var negativeText = [...]string{
	"index out of range [%x]",
	"slice bounds out of range [:%x]",
	"slice bounds out of range [:%x]",
	"slice bounds out of range [%x:]",
	"slice bounds out of range [::%x]",
	"slice bounds out of range [::%x]",
	"slice bounds out of range [:%x:]",
	"slice bounds out of range [%x::]",
}

func (e boundsError) Error() string {
	text := boundsText[e.code]
	if e.signed && e.x < 0 && int(e.code) < len(negativeText) {
		text = negativeText[e.code]
	}
	s := "runtime error: "
	from := 0
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			continue
		}
		s += text[from:i]
		i++
		if text[i] == 'x' {
			s += decimal(e.x, e.signed)
		} else {
			s += decimal(int64(e.y), true)
		}
		from = i + 1
	}
	return s + text[from:]
}

// decimal is v in base 10, negative only when signed.
func decimal(v int64, signed bool) string {
	var digits [20]byte
	u := uint64(v)
	negative := signed && v < 0
	if negative {
		u = -u
	}
	at := len(digits)
	for {
		at--
		digits[at] = byte('0' + u%10)
		u /= 10
		if u == 0 {
			break
		}
	}
	if negative {
		at--
		digits[at] = '-'
	}
	return string(digits[at:])
}

// A TypeAssertionError is a failed v.(T). The types are there by name.
type TypeAssertionError struct {
	inter    string // of v, when it has a name to show
	concrete string // dynamic type; empty: v is nil
	asserted string // T
	missing  string // a method the dynamic type lacks, when T is an interface
	scopes   bool   // two types of one name
}

func (*TypeAssertionError) RuntimeError() {}

func (e *TypeAssertionError) Error() string {
	inter := e.inter
	if inter == "" {
		inter = "interface"
	}
	if e.concrete == "" {
		return "interface conversion: " + inter + " is nil, not " + e.asserted
	}
	if e.missing != "" {
		return "interface conversion: " + e.concrete + " is not " + e.asserted + ": missing method " + e.missing
	}
	text := "interface conversion: " + inter + " is " + e.concrete + ", not " + e.asserted
	if e.scopes {
		text += " (types from different scopes)"
	}
	return text
}

// A PanicNilError is what panic(nil) panics with.
type PanicNilError struct {
	_ [0]func() // not comparable
}

func (*PanicNilError) RuntimeError() {}

func (*PanicNilError) Error() string { return "runtime error: panic called with nil argument" }

// errorTypes makes the compiler describe the types; rt.errors lists them in this order.
func errorTypes() [5]error {
	return [5]error{errorString(""), plainError(""), boundsError{}, (*TypeAssertionError)(nil), (*PanicNilError)(nil)}
}
