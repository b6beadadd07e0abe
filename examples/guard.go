// The stacks of this process's kernel threads, as Linux reports them. Below each lies an inaccessible page, the guard.
package main

import (
	"syscall"
	"unsafe"
)

const rlimitStack = 3

// mapping is a line of /proc/self/maps, such as 7f4b839b7000-7f4b839b8000 ---p 00000000 00:00 0
type mapping struct {
	low, high uint64
	access    string
}

func main() {
	var limit [2]uint64
	syscall.RawSyscall(syscall.SYS_GETRLIMIT, rlimitStack, uintptr(unsafe.Pointer(&limit)), 0)
	println("RLIMIT_STACK:", limit[0]>>10, "KB")
	fd, _ := syscall.Open("/proc/self/maps", syscall.O_RDONLY, 0)
	text := make([]byte, 1<<20)
	length := 0
	for n := 1; n > 0; length += n {
		n, _ = syscall.Read(fd, text[length:])
	}
	text = text[:length]
	var below mapping
	for len(text) > 0 {
		var m mapping
		m.low, text = hex(text)
		m.high, text = hex(text[1:])
		m.access = string(text[1:5])
		if m.access == "rw-p" && below.access == "---p" && below.high == m.low && below.high-below.low == 4096 {
			println("guard at", below.low, "of 4 KB, stack of", (m.high-m.low)>>10, "KB")
		}
		for text[0] != '\n' {
			text = text[1:]
		}
		below, text = m, text[1:]
	}
}

// hex reads a number from the front of a text, and gives back the rest.
func hex(text []byte) (n uint64, rest []byte) {
	for i, c := range text {
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | uint64(c-'0')
		case c >= 'a' && c <= 'f':
			n = n<<4 | uint64(c-'a'+10)
		default:
			return n, text[i:]
		}
	}
	return n, nil
}
