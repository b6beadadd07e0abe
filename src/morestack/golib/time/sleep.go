// Package time: sleeping, timers, clocks and durations.
//
// The package is ours while Go's own needs packages that are not there yet; absent.txt names what it does not have.
package time

import "unsafe"

// runtimeTimer is Timer of runtime/sched/timeheap.py.
type runtimeTimer struct {
	when   int64
	period int64
	arg    unsafe.Pointer // a channel, or a closure
	loc    *Location      // of the times that go into the channel
	kind   uintptr
	index  uintptr
}

const (
	kindChan = 2
	kindFunc = 3
)

//go:linkname resettimer runtime.resettimer
func resettimer(t unsafe.Pointer, when, period int64) bool

//go:linkname stoptimer runtime.stoptimer
func stoptimer(t unsafe.Pointer) bool

// Sleep pauses the goroutine for at least d. It returns at once when d is not positive.
//
//go:linkname Sleep runtime.timesleep
func Sleep(d Duration)

// when is d from now on the monotonic clock, or the end of all time.
func when(d Duration) int64 {
	if d <= 0 {
		return nanotime()
	}
	t := nanotime() + int64(d)
	if t < 0 {
		t = 1<<63 - 1
	}
	return t
}

// A Timer fires once. It is made by NewTimer or AfterFunc.
type Timer struct {
	C <-chan Time
	r runtimeTimer
}

// NewTimer returns a Timer that sends the time on its channel once d has passed.
func NewTimer(d Duration) *Timer {
	c := make(chan Time, 1)
	t := &Timer{C: c}
	t.r.arg, t.r.kind, t.r.loc = *(*unsafe.Pointer)(unsafe.Pointer(&c)), kindChan, Local
	resettimer(unsafe.Pointer(&t.r), when(d), 0)
	return t
}

// AfterFunc returns a Timer that calls f in a goroutine of its own once d has passed.
func AfterFunc(d Duration, f func()) *Timer {
	t := new(Timer)
	t.r.arg, t.r.kind = *(*unsafe.Pointer)(unsafe.Pointer(&f)), kindFunc
	resettimer(unsafe.Pointer(&t.r), when(d), 0)
	return t
}

// After is NewTimer(d).C.
func After(d Duration) <-chan Time { return NewTimer(d).C }

// Stop keeps the Timer from firing. It reports whether it did so: false when the timer has fired or was stopped before.
// After Stop no value of before is received from the channel.
func (t *Timer) Stop() bool {
	if t.r.kind == 0 {
		panic("time: Stop called on uninitialized Timer")
	}
	return stoptimer(unsafe.Pointer(&t.r))
}

// Reset lets the timer fire once d has passed from now. It reports whether the timer was active. After Reset no value
// of before is received from the channel.
func (t *Timer) Reset(d Duration) bool {
	if t.r.kind == 0 {
		panic("time: Reset called on uninitialized Timer")
	}
	return resettimer(unsafe.Pointer(&t.r), when(d), 0)
}

// A Ticker sends the time at intervals. It drops ticks that nobody receives in time.
type Ticker struct {
	C <-chan Time
	r runtimeTimer
}

// NewTicker returns a Ticker that ticks every d, which must be positive.
func NewTicker(d Duration) *Ticker {
	if d <= 0 {
		panic("non-positive interval for NewTicker")
	}
	c := make(chan Time, 1)
	t := &Ticker{C: c}
	t.r.arg, t.r.kind, t.r.loc = *(*unsafe.Pointer)(unsafe.Pointer(&c)), kindChan, Local
	resettimer(unsafe.Pointer(&t.r), when(d), int64(d))
	return t
}

// Stop ends the ticks. It does not close the channel.
func (t *Ticker) Stop() {
	if t.r.kind != 0 {
		stoptimer(unsafe.Pointer(&t.r))
	}
}

// Reset lets the Ticker tick every d from now on.
func (t *Ticker) Reset(d Duration) {
	if d <= 0 {
		panic("non-positive interval for Ticker.Reset")
	}
	if t.r.kind == 0 {
		panic("time: Reset called on uninitialized Ticker")
	}
	resettimer(unsafe.Pointer(&t.r), when(d), int64(d))
}

// Tick is NewTicker(d).C, or nil when d is not positive.
func Tick(d Duration) <-chan Time {
	if d <= 0 {
		return nil
	}
	return NewTicker(d).C
}
