package syscall

//go:linkname errnotext runtime.errnotext
func errnotext(errno int) string

//go:linkname signaltext runtime.signaltext
func signaltext(signal int) string

// An Errno is the error of a system call.
type Errno uintptr

// Error says what the error is: C's words, in lower case.
func (e Errno) Error() string {
	text := errnotext(int(e))
	if text == "" {
		return "errno " + itoa(int(e))
	}
	return lowered(text)
}

// Temporary reports whether the call may succeed when made again.
func (e Errno) Temporary() bool { return e == EINTR || e == EMFILE || e == ENFILE || e.Timeout() }

// Timeout reports whether the call would have had to wait, or has waited too long.
func (e Errno) Timeout() bool { return e == EAGAIN || e == EWOULDBLOCK || e == ETIMEDOUT }

// A Signal is the number of a signal.
type Signal int

// Signal marks signals.
func (s Signal) Signal() {}

// String is the name of the signal: C's words, in lower case.
func (s Signal) String() string {
	text := signaltext(int(s))
	if text == "" {
		return "signal " + itoa(int(s))
	}
	return lowered(text)
}

// lowered begins with a small letter, but where the first word is no word: I/O, RFS.
func lowered(text string) string {
	if len(text) > 1 && 'A' <= text[0] && text[0] <= 'Z' && 'a' <= text[1] && text[1] <= 'z' {
		return string(rune(text[0]-'A'+'a')) + text[1:]
	}
	return text
}

func itoa(n int) string {
	if n < 0 {
		return "-" + itoa(-n)
	}
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + itoa(n%10)
}
