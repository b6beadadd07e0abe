// System calls: N that cost next to nothing in the kernel; with What 1 the processor is left for each.
package main

import "syscall"

const N = 1
const What = 0

func main() {
	sum := 0
	for range N {
		if What == 0 {
			sum += syscall.Getpid()
		} else {
			pid, _, _ := syscall.Syscall(syscall.SYS_GETPID, 0, 0, 0)
			sum += int(pid)
		}
	}
	println(sum == N*syscall.Getpid())
}
