// Package syscall: the calls of Linux that programs use directly, their errors and numbers.
//
// A call that may block leaves the processor to other goroutines; what its arguments point to stays where it is, and
// alive, until it returns (runtime/sched/syscall.py). absent.txt names what is not there yet.
package syscall

import "unsafe"

const ImplementsGetwd = true

//go:linkname syscall6 runtime.syscall6
func syscall6(trap, a1, a2, a3, a4, a5, a6 uintptr) int

//go:linkname syscallblock runtime.syscallblock
func syscallblock(trap, a1, a2, a3, a4, a5, a6 uintptr) int

//go:linkname rawsyscall6 runtime.rawsyscall6
func rawsyscall6(trap, a1, a2, a3, a4, a5, a6 uintptr) int

// failed is the error in an answer, which is -1 - errno; 0 when there is none.
func failed(r int) Errno {
	if r < 0 && r >= -4096 {
		return Errno(-1 - r)
	}
	return 0
}

// errorOf is the error in an answer as an error; nil when there is none.
func errorOf(r int) error {
	if e := failed(r); e != 0 {
		return e
	}
	return nil
}

// count is the result of a call that gives a number: -1 with an error.
func count(r int) (int, error) {
	if e := failed(r); e != 0 {
		return -1, e
	}
	return r, nil
}

// results is what Syscall and its like return.
func results(r int) (r1, r2 uintptr, err Errno) {
	if e := failed(r); e != 0 {
		return ^uintptr(0), 0, e
	}
	return uintptr(r), 0, 0
}

// Syscall makes a system call of at most three arguments.
//
//go:uintptrescapes
func Syscall(trap, a1, a2, a3 uintptr) (r1, r2 uintptr, err Errno) {
	return results(syscall6(trap, a1, a2, a3, 0, 0, 0))
}

// Syscall6 makes a system call of at most six arguments.
//
//go:uintptrescapes
func Syscall6(trap, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2 uintptr, err Errno) {
	return results(syscall6(trap, a1, a2, a3, a4, a5, a6))
}

// RawSyscall is Syscall for a call that does not block: no other goroutine runs on this processor meanwhile.
//
//go:uintptrescapes
func RawSyscall(trap, a1, a2, a3 uintptr) (r1, r2 uintptr, err Errno) {
	return results(rawsyscall6(trap, a1, a2, a3, 0, 0, 0))
}

// RawSyscall6 is Syscall6 for a call that does not block.
//
//go:uintptrescapes
func RawSyscall6(trap, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2 uintptr, err Errno) {
	return results(rawsyscall6(trap, a1, a2, a3, a4, a5, a6))
}

// cstring is s with a NUL behind it, or an error when there is one in it.
func cstring(s string) ([]byte, error) {
	for i := 0; i < len(s); i++ {
		if s[i] == 0 {
			return nil, EINVAL
		}
	}
	b := make([]byte, len(s)+1)
	copy(b, s)
	return b, nil
}

// BytePtrFromString returns a pointer to s with a NUL behind it.
func BytePtrFromString(s string) (*byte, error) {
	b, err := cstring(s)
	if err != nil {
		return nil, err
	}
	return &b[0], nil
}

// ByteSliceFromString returns s with a NUL behind it.
func ByteSliceFromString(s string) ([]byte, error) { return cstring(s) }

// onPath makes a call whose first argument is a path.
func onPath(trap uintptr, path string, a2, a3 uintptr) (int, error) {
	b, err := cstring(path)
	if err != nil {
		return -1, err
	}
	return count(syscall6(trap, uintptr(unsafe.Pointer(&b[0])), a2, a3, 0, 0, 0))
}

// onPathAt makes a call whose first arguments are the working directory and a path.
func onPathAt(trap uintptr, path string, a3, a4 uintptr) (int, error) {
	const workingDirectory = -100
	b, err := cstring(path)
	if err != nil {
		return -1, err
	}
	at := workingDirectory
	return count(syscall6(trap, uintptr(at), uintptr(unsafe.Pointer(&b[0])), a3, a4, 0, 0))
}

// onBytes makes a call that takes a file, bytes, their number, and one thing more. An empty slice has an address too.
func onBytes(trap uintptr, fd int, p []byte, a4 uintptr) (int, error) {
	at := unsafe.Pointer(unsafe.SliceData(p))
	if len(p) == 0 {
		at = unsafe.Pointer(&nothing)
	}
	return count(syscall6(trap, uintptr(fd), uintptr(at), uintptr(len(p)), a4, 0, 0))
}

var nothing byte

// Read reads from a file into p.
func Read(fd int, p []byte) (n int, err error) { return onBytes(SYS_READ, fd, p, 0) }

// Write writes p to a file.
func Write(fd int, p []byte) (n int, err error) { return onBytes(SYS_WRITE, fd, p, 0) }

// Pread reads from a place in a file.
func Pread(fd int, p []byte, offset int64) (n int, err error) {
	return onBytes(SYS_PREAD64, fd, p, uintptr(offset))
}

// Pwrite writes to a place in a file.
func Pwrite(fd int, p []byte, offset int64) (n int, err error) {
	return onBytes(SYS_PWRITE64, fd, p, uintptr(offset))
}

// Open opens a file.
func Open(path string, mode int, perm uint32) (fd int, err error) {
	return onPathAt(SYS_OPENAT, path, uintptr(mode|O_LARGEFILE), uintptr(perm))
}

// Creat creates a file for writing, or empties it.
func Creat(path string, mode uint32) (fd int, err error) {
	return Open(path, O_CREAT|O_WRONLY|O_TRUNC, mode)
}

// Close closes a file.
func Close(fd int) error { return errorOf(syscall6(SYS_CLOSE, uintptr(fd), 0, 0, 0, 0, 0)) }

// Seek moves the place in a file where reading and writing go on.
func Seek(fd int, offset int64, whence int) (off int64, err error) {
	n, err := count(syscall6(SYS_LSEEK, uintptr(fd), uintptr(offset), uintptr(whence), 0, 0, 0))
	return int64(n), err
}

// Pipe makes a pipe: p[0] reads what is written to p[1].
func Pipe(p []int) error { return Pipe2(p, 0) }

// Pipe2 is Pipe with flags such as O_CLOEXEC and O_NONBLOCK.
func Pipe2(p []int, flags int) error {
	if len(p) != 2 {
		return EINVAL
	}
	var pp [2]int32
	err := errorOf(rawsyscall6(SYS_PIPE2, uintptr(unsafe.Pointer(&pp)), uintptr(flags), 0, 0, 0, 0))
	if err == nil {
		p[0], p[1] = int(pp[0]), int(pp[1])
	}
	return err
}

// Dup duplicates a file descriptor.
func Dup(oldfd int) (fd int, err error) { return count(syscall6(SYS_DUP, uintptr(oldfd), 0, 0, 0, 0, 0)) }

// Dup3 makes newfd stand for what oldfd does.
func Dup3(oldfd, newfd, flags int) error {
	return errorOf(syscall6(SYS_DUP3, uintptr(oldfd), uintptr(newfd), uintptr(flags), 0, 0, 0))
}

// Ftruncate sets the length of a file.
func Ftruncate(fd int, length int64) error {
	return errorOf(syscall6(SYS_FTRUNCATE, uintptr(fd), uintptr(length), 0, 0, 0, 0))
}

// Fsync waits until what was written to a file is on the disk.
func Fsync(fd int) error { return errorOf(syscall6(SYS_FSYNC, uintptr(fd), 0, 0, 0, 0, 0)) }

// Fchdir makes an open directory the working directory.
func Fchdir(fd int) error { return errorOf(syscall6(SYS_FCHDIR, uintptr(fd), 0, 0, 0, 0, 0)) }

// Flock locks or unlocks a file.
func Flock(fd int, how int) error {
	return errorOf(syscall6(SYS_FLOCK, uintptr(fd), uintptr(how), 0, 0, 0, 0))
}

// SetNonblock lets calls on a file fail with EAGAIN rather than wait.
func SetNonblock(fd int, nonblocking bool) error {
	flags := rawsyscall6(SYS_FCNTL, uintptr(fd), F_GETFL, 0, 0, 0, 0)
	if e := failed(flags); e != 0 {
		return e
	}
	flags &^= O_NONBLOCK
	if nonblocking {
		flags |= O_NONBLOCK
	}
	return errorOf(rawsyscall6(SYS_FCNTL, uintptr(fd), F_SETFL, uintptr(flags), 0, 0, 0))
}

// CloseOnExec closes a file when the process becomes another program.
func CloseOnExec(fd int) { rawsyscall6(SYS_FCNTL, uintptr(fd), F_SETFD, FD_CLOEXEC, 0, 0, 0) }

// Chdir sets the working directory.
func Chdir(path string) error {
	_, err := onPath(SYS_CHDIR, path, 0, 0)
	return err
}

// Mkdir makes a directory.
func Mkdir(path string, mode uint32) error {
	_, err := onPathAt(SYS_MKDIRAT, path, uintptr(mode), 0)
	return err
}

// Rmdir removes an empty directory.
func Rmdir(path string) error {
	const removeDirectory = 0x200
	_, err := onPathAt(SYS_UNLINKAT, path, removeDirectory, 0)
	return err
}

// Unlink removes a file's name.
func Unlink(path string) error {
	_, err := onPathAt(SYS_UNLINKAT, path, 0, 0)
	return err
}

// Chmod sets the mode of a file.
func Chmod(path string, mode uint32) error {
	_, err := onPathAt(SYS_FCHMODAT, path, uintptr(mode), 0)
	return err
}

// Getcwd writes the working directory, NUL-terminated, to buf.
func Getcwd(buf []byte) (n int, err error) {
	if len(buf) == 0 {
		return 0, EINVAL
	}
	return count(syscall6(SYS_GETCWD, uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), 0, 0, 0, 0))
}

// Getwd is the working directory.
func Getwd() (wd string, err error) {
	buf := make([]byte, 4096)
	n, err := Getcwd(buf)
	if err != nil {
		return "", err
	}
	return string(buf[:n-1]), nil
}

// Timespec is a time in seconds and nanoseconds.
type Timespec struct {
	Sec  int64
	Nsec int64
}

// Nano is the time in nanoseconds.
func (ts *Timespec) Nano() int64 { return ts.Sec*1e9 + ts.Nsec }

// Unix is the time in seconds and nanoseconds.
func (ts *Timespec) Unix() (sec int64, nsec int64) { return ts.Sec, ts.Nsec }

// NsecToTimespec is a time in nanoseconds as a Timespec.
func NsecToTimespec(nsec int64) Timespec {
	sec := nsec / 1e9
	nsec %= 1e9
	if nsec < 0 {
		nsec += 1e9
		sec--
	}
	return Timespec{sec, nsec}
}

// TimespecToNsec is a Timespec in nanoseconds.
func TimespecToNsec(ts Timespec) int64 { return ts.Nano() }

// Timeval is a time in seconds and microseconds.
type Timeval struct {
	Sec  int64
	Usec int64
}

// Nano is the time in nanoseconds.
func (tv *Timeval) Nano() int64 { return tv.Sec*1e9 + tv.Usec*1e3 }

// Unix is the time in seconds and nanoseconds.
func (tv *Timeval) Unix() (sec int64, nsec int64) { return tv.Sec, tv.Usec * 1e3 }

// Gettimeofday stores the time now.
func Gettimeofday(tv *Timeval) error {
	return errorOf(rawsyscall6(SYS_GETTIMEOFDAY, uintptr(unsafe.Pointer(tv)), 0, 0, 0, 0, 0))
}

// Nanosleep blocks the thread, not the processor. It stores what is left of the time in leftover when a signal ends it.
func Nanosleep(time *Timespec, leftover *Timespec) error {
	return errorOf(syscallblock(
		SYS_NANOSLEEP, uintptr(unsafe.Pointer(time)), uintptr(unsafe.Pointer(leftover)), 0, 0, 0, 0))
}

// Rusage is what a process has used.
type Rusage struct {
	Utime, Stime                                             Timeval
	Maxrss, Ixrss, Idrss, Isrss, Minflt, Majflt, Nswap       int64
	Inblock, Oublock, Msgsnd, Msgrcv, Nsignals, Nvcsw, Nivcsw int64
}

// Getrusage stores what the process, or its children, has used.
func Getrusage(who int, rusage *Rusage) error {
	return errorOf(rawsyscall6(SYS_GETRUSAGE, uintptr(who), uintptr(unsafe.Pointer(rusage)), 0, 0, 0, 0))
}

// identity is the answer of a call that cannot fail.
func identity(trap uintptr) int { return rawsyscall6(trap, 0, 0, 0, 0, 0, 0) }

// Getpid is the process's number.
func Getpid() int { return identity(SYS_GETPID) }

// Getppid is the number of the process that started this one.
func Getppid() int { return identity(SYS_GETPPID) }

// Gettid is the number of the thread.
func Gettid() int { return identity(SYS_GETTID) }

// Getuid is the user's number.
func Getuid() int { return identity(SYS_GETUID) }

// Geteuid is the number of the user whose rights the process has.
func Geteuid() int { return identity(SYS_GETEUID) }

// Getgid is the group's number.
func Getgid() int { return identity(SYS_GETGID) }

// Getegid is the number of the group whose rights the process has.
func Getegid() int { return identity(SYS_GETEGID) }

// Getpagesize is the size of a page of memory.
func Getpagesize() int { return 4096 }

// Kill sends a signal to a process.
func Kill(pid int, sig Signal) error {
	return errorOf(rawsyscall6(SYS_KILL, uintptr(pid), uintptr(sig), 0, 0, 0, 0))
}

//go:linkname exit runtime.exit
func exit(code int)

// Exit ends the program.
func Exit(code int) { exit(code) }
