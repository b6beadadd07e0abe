package runtime

import "unsafe"

//go:noescape
//go:linkname callers runtime.callers
func callers(skip int, pcs unsafe.Pointer, room int) int

//go:linkname funcofpc runtime.funcofpc
func funcofpc(pc uintptr) unsafe.Pointer

//go:linkname lineofpc runtime.lineofpc
func lineofpc(pc uintptr) int

//go:noescape
//go:linkname funcname runtime.funcname
func funcname(f unsafe.Pointer) string

//go:noescape
//go:linkname funcfile runtime.funcfile
func funcfile(f unsafe.Pointer) string

//go:linkname workdir runtime.workdir
func workdir() string

// A Func is a function of the running program: the record that code has of it, behind which there is nothing to see.
type Func struct {
	opaque struct{}
}

// FuncForPC returns the function that a pc from Callers or Caller is in; nil for any other.
func FuncForPC(pc uintptr) *Func { return (*Func)(funcofpc(pc)) }

// Name returns the name of the function.
func (f *Func) Name() string {
	if f == nil {
		return ""
	}
	return withoutTypeArguments(funcname(unsafe.Pointer(f)))
}

// FileLine returns the file and line of a pc of the function.
func (f *Func) FileLine(pc uintptr) (file string, line int) {
	if FuncForPC(pc) == nil {
		return "?", 0
	}
	return fileOf(unsafe.Pointer(f)), lineofpc(pc)
}

// withoutTypeArguments is a name with [...] for what it has in brackets.
func withoutTypeArguments(name string) string {
	from := 0
	for from < len(name) && name[from] != '[' {
		from++
	}
	if from == len(name) {
		return name
	}
	to := len(name)
	for name[to-1] != ']' {
		to--
	}
	return name[:from] + "[...]" + name[to:]
}

// fileOf is the file of a function, as an absolute path when it is one of the program's.
func fileOf(f unsafe.Pointer) string {
	file := funcfile(f)
	if file == "" || file[0] == '/' || file[0] == '<' {
		return file
	}
	if len(file) > 6 && file[:6] == "golib/" {
		return file
	}
	for len(file) > 2 && file[:2] == "./" {
		file = file[2:]
	}
	return workdir() + "/" + file
}

// Callers fills pc with the program counters of the goroutine's calls. Skip 0 stands for Callers itself, 1 for its
// caller. It returns how many it wrote.
//
//go:noinline
func Callers(skip int, pc []uintptr) int {
	if len(pc) == 0 {
		return 0
	}
	return callers(skip, unsafe.Pointer(&pc[0]), len(pc))
}

// Caller reports where a call on the goroutine's stack is: skip 0 stands for the caller of Caller.
//
//go:noinline
func Caller(skip int) (pc uintptr, file string, line int, ok bool) {
	var at [1]uintptr
	if callers(skip+1, unsafe.Pointer(&at), 1) < 1 {
		return
	}
	return at[0], fileOf(funcofpc(at[0])), lineofpc(at[0]), true
}

// Frames turns what Callers gives into functions, files and lines.
type Frames struct {
	callers []uintptr
}

// A Frame is one call.
type Frame struct {
	PC       uintptr // of the call
	Func     *Func
	Function string
	File     string
	Line     int
	Entry    uintptr // not known: 0
}

// CallersFrames begins with the first of what Callers gave.
func CallersFrames(callers []uintptr) *Frames { return &Frames{callers} }

// Next returns the next frame, and whether there are more.
func (ci *Frames) Next() (frame Frame, more bool) {
	for len(ci.callers) > 0 {
		pc := ci.callers[0]
		ci.callers = ci.callers[1:]
		f := FuncForPC(pc)
		if f == nil {
			continue
		}
		return Frame{pc - 1, f, f.Name(), fileOf(unsafe.Pointer(f)), lineofpc(pc), 0}, len(ci.callers) > 0
	}
	return
}
