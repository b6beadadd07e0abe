package time

// A Duration is a time between two moments, in nanoseconds.
type Duration int64

const (
	minDuration Duration = -1 << 63
	maxDuration Duration = 1<<63 - 1
)

const (
	Nanosecond  Duration = 1
	Microsecond          = 1000 * Nanosecond
	Millisecond          = 1000 * Microsecond
	Second               = 1000 * Millisecond
	Minute               = 60 * Second
	Hour                 = 60 * Minute
)

// String is the duration as in "72h3m0.5s". Leading units that are zero are left out; below a second there is one unit.
func (d Duration) String() string {
	if d == 0 {
		return "0s"
	}
	var buf [32]byte // the longest is -2562047h47m16.854775808s
	u := uint64(d)
	if d < 0 {
		u = -u
	}
	unit, digits := "s", 9
	switch {
	case u < uint64(Microsecond):
		unit, digits = "ns", 0
	case u < uint64(Millisecond):
		unit, digits = "µs", 3
	case u < uint64(Second):
		unit, digits = "ms", 6
	}
	at := len(buf) - len(unit)
	copy(buf[at:], unit)
	at, u = putFraction(buf[:at], u, digits)
	if unit != "s" || u < 60 {
		at = putInt(buf[:at], u)
	} else {
		at = putInt(buf[:at], u%60)
		u /= 60
		at--
		buf[at] = 'm'
		at = putInt(buf[:at], u%60)
		if u /= 60; u > 0 {
			at--
			buf[at] = 'h'
			at = putInt(buf[:at], u)
		}
	}
	if d < 0 {
		at--
		buf[at] = '-'
	}
	return string(buf[at:])
}

// putFraction writes the last digits of v as a fraction to the end of buf, without zeros at its end. It returns where the
// fraction begins, and what is left of v.
func putFraction(buf []byte, v uint64, digits int) (int, uint64) {
	at := len(buf)
	some := false
	for ; digits > 0; digits-- {
		digit := v % 10
		v /= 10
		some = some || digit != 0
		if some {
			at--
			buf[at] = byte('0' + digit)
		}
	}
	if some {
		at--
		buf[at] = '.'
	}
	return at, v
}

// putInt writes v to the end of buf, and returns where it begins.
func putInt(buf []byte, v uint64) int {
	at := len(buf)
	for {
		at--
		buf[at] = byte('0' + v%10)
		if v /= 10; v == 0 {
			return at
		}
	}
}

// Nanoseconds is the duration as a count of nanoseconds.
func (d Duration) Nanoseconds() int64 { return int64(d) }

// Microseconds is the duration as a count of whole microseconds.
func (d Duration) Microseconds() int64 { return int64(d) / 1e3 }

// Milliseconds is the duration as a count of whole milliseconds.
func (d Duration) Milliseconds() int64 { return int64(d) / 1e6 }

// in is the duration in a unit. Whole units and the rest are converted each, which loses less.
func (d Duration) in(unit Duration) float64 { return float64(d/unit) + float64(d%unit)/float64(unit) }

// Seconds is the duration in seconds.
func (d Duration) Seconds() float64 { return d.in(Second) }

// Minutes is the duration in minutes.
func (d Duration) Minutes() float64 { return d.in(Minute) }

// Hours is the duration in hours.
func (d Duration) Hours() float64 { return d.in(Hour) }

// Truncate rounds toward zero to a multiple of m; d itself when m is not positive.
func (d Duration) Truncate(m Duration) Duration {
	if m <= 0 {
		return d
	}
	return d - d%m
}

// Round rounds to the nearest multiple of m, halves away from zero, and to the largest or smallest duration where that
// does not fit; d itself when m is not positive.
func (d Duration) Round(m Duration) Duration {
	if m <= 0 {
		return d
	}
	r := d % m
	if d < 0 {
		if uint64(-r) < uint64(m)-uint64(-r) {
			return d - r
		}
		if down := d - r - m; down < d {
			return down
		}
		return minDuration
	}
	if uint64(r) < uint64(m)-uint64(r) {
		return d - r
	}
	if up := d - r + m; up > d {
		return up
	}
	return maxDuration
}

// Abs is the absolute value; of the smallest duration, the largest one.
func (d Duration) Abs() Duration {
	switch {
	case d >= 0:
		return d
	case d == minDuration:
		return maxDuration
	}
	return -d
}
