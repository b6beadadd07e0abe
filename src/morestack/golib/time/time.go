package time

//go:linkname nanotime runtime.nanotime
func nanotime() int64

//go:linkname walltime runtime.walltime
func walltime() int64

// A Location is a time zone. There is one so far, whose clock is UTC's.
type Location struct {
	name string
}

var localLoc = Location{"Local"}
var utcLoc = Location{"UTC"}

// Local is the location of times that Now gives.
var Local *Location = &localLoc

// UTC is Universal Coordinated Time.
var UTC *Location = &utcLoc

// String is the name of the zone.
func (l *Location) String() string {
	if l == nil {
		return "UTC"
	}
	return l.name
}

// A Time is a moment, with nanoseconds.
//
// With the top bit of wall set, the next 33 bits are seconds since 1885, and ext is the monotonic clock's reading.
// Without it ext is seconds since year 1. The low 30 bits of wall are nanoseconds. runtime/sync/time.py makes such values.
type Time struct {
	wall uint64
	ext  int64
	loc  *Location
}

const (
	hasMonotonic = 1 << 63
	nsecBits     = 30
	nsecMask     = 1<<nsecBits - 1

	daySeconds   = 24 * 60 * 60
	unixInYear1  = (1969*365 + 1969/4 - 1969/100 + 1969/400) * daySeconds // 1970, in seconds since year 1
	year1885     = (1884*365 + 1884/4 - 1884/100 + 1884/400) * daySeconds // 1885, likewise
	since1885 = unixInYear1 - year1885
)

// Now is the time now.
func Now() Time {
	wall, mono := walltime(), nanotime()
	sec, nsec := wall/1e9, wall%1e9
	return Time{hasMonotonic | uint64(sec+since1885)<<nsecBits | uint64(nsec), mono, Local}
}

// Unix is the moment sec seconds and nsec nanoseconds after the start of 1970.
func Unix(sec, nsec int64) Time {
	sec += nsec / 1e9
	nsec %= 1e9
	if nsec < 0 {
		nsec += 1e9
		sec--
	}
	return Time{uint64(nsec), sec + unixInYear1, Local}
}

// UnixMilli is the moment msec milliseconds after the start of 1970.
func UnixMilli(msec int64) Time { return Unix(msec/1e3, msec%1e3*1e6) }

// UnixMicro is the moment usec microseconds after the start of 1970.
func UnixMicro(usec int64) Time { return Unix(usec/1e6, usec%1e6*1e3) }

// sec is seconds since year 1.
func (t Time) sec() int64 {
	if t.wall&hasMonotonic != 0 {
		return year1885 + int64(t.wall<<1>>(nsecBits+1))
	}
	return t.ext
}

func (t Time) nsec() int64 { return int64(t.wall & nsecMask) }

// bothMonotonic: t and u are compared by their monotonic readings.
func bothMonotonic(t, u Time) bool { return t.wall&u.wall&hasMonotonic != 0 }

// Compare is -1 when t is before u, 1 when it is after u, and 0 when they are the same moment.
func (t Time) Compare(u Time) int {
	a, b := t.ext, u.ext
	if !bothMonotonic(t, u) {
		a, b = t.sec(), u.sec()
		if a == b {
			a, b = t.nsec(), u.nsec()
		}
	}
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// After reports whether t is after u.
func (t Time) After(u Time) bool { return t.Compare(u) > 0 }

// Before reports whether t is before u.
func (t Time) Before(u Time) bool { return t.Compare(u) < 0 }

// Equal reports whether t and u are the same moment.
func (t Time) Equal(u Time) bool { return t.Compare(u) == 0 }

// IsZero reports whether t is the start of year 1, as Time{} is.
func (t Time) IsZero() bool { return t.sec() == 0 && t.nsec() == 0 }

// Unix is seconds since the start of 1970.
func (t Time) Unix() int64 { return t.sec() - unixInYear1 }

// UnixMilli is milliseconds since the start of 1970.
func (t Time) UnixMilli() int64 { return t.Unix()*1e3 + t.nsec()/1e6 }

// UnixMicro is microseconds since the start of 1970.
func (t Time) UnixMicro() int64 { return t.Unix()*1e6 + t.nsec()/1e3 }

// UnixNano is nanoseconds since the start of 1970.
func (t Time) UnixNano() int64 { return t.Unix()*1e9 + t.nsec() }

// Nanosecond is the nanoseconds within the second.
func (t Time) Nanosecond() int { return int(t.nsec()) }

// Location is the time zone of t.
func (t Time) Location() *Location {
	if t.loc == nil {
		return UTC
	}
	return t.loc
}

// UTC is t in UTC.
func (t Time) UTC() Time {
	t.loc = nil
	return t
}

// Local is t in the local zone.
func (t Time) Local() Time {
	t.loc = Local
	return t
}

// Round removes the monotonic reading when d is 0, as Go's does; otherwise it rounds t to a multiple of d since year 1.
func (t Time) Round(d Duration) Time {
	t = t.stripped()
	if d <= 0 {
		return t
	}
	if r := t.remainder(d); r+r < d {
		return t.Add(-r)
	} else {
		return t.Add(d - r)
	}
}

// Truncate rounds t down to a multiple of d since year 1, and removes the monotonic reading.
func (t Time) Truncate(d Duration) Time {
	t = t.stripped()
	if d <= 0 {
		return t
	}
	return t.Add(-t.remainder(d))
}

// stripped is t without monotonic reading.
func (t Time) stripped() Time { return Time{uint64(t.nsec()), t.sec(), t.loc} }

// remainder is what is left of the time since year 1 after whole multiples of d. Seconds are taken a bit at a time, as
// nanoseconds since year 1 do not fit 64 bits.
func (t Time) remainder(d Duration) Duration {
	sec, m := t.sec(), uint64(d)
	negative := sec < 0
	if negative {
		sec = -sec
	}
	r := uint64(0)
	for bit := 62; bit >= 0; bit-- {
		r = twice(r, m)
		if sec>>bit&1 != 0 {
			r = plus(r, uint64(Second)%m, m)
		}
	}
	n := uint64(t.nsec()) % m
	if negative && r != 0 {
		r = m - r
	}
	return Duration(plus(r, n, m))
}

func twice(r, m uint64) uint64 { return plus(r, r, m) }

// plus is (a + b) % m, for a and b below m, and m at most 1<<63.
func plus(a, b, m uint64) uint64 {
	if a += b; a >= m {
		a -= m
	}
	return a
}

// Add is the time t+d.
func (t Time) Add(d Duration) Time {
	sec, nsec := t.sec()+int64(d/1e9), t.nsec()+int64(d%1e9)
	if nsec >= 1e9 {
		sec++
		nsec -= 1e9
	} else if nsec < 0 {
		sec--
		nsec += 1e9
	}
	if t.wall&hasMonotonic != 0 {
		since, mono := sec-year1885, t.ext+int64(d)
		if since >= 0 && since < 1<<33 && (mono >= t.ext) == (d >= 0) {
			return Time{hasMonotonic | uint64(since)<<nsecBits | uint64(nsec), mono, t.loc}
		}
	}
	return Time{uint64(nsec), sec, t.loc}
}

// Sub is the duration t-u, or the largest or smallest one when that does not fit.
func (t Time) Sub(u Time) Duration {
	if bothMonotonic(t, u) {
		d := Duration(t.ext - u.ext)
		switch {
		case d < 0 && t.ext > u.ext:
			return maxDuration
		case d > 0 && t.ext < u.ext:
			return minDuration
		}
		return d
	}
	d := Duration(t.sec()-u.sec())*Second + Duration(t.nsec()-u.nsec())
	switch {
	case u.Add(d).Equal(t):
		return d
	case t.Before(u):
		return minDuration
	}
	return maxDuration
}

// Since is the time that has passed since t.
func Since(t Time) Duration { return Now().Sub(t) }

// Until is the time until t.
func Until(t Time) Duration { return t.Sub(Now()) }
