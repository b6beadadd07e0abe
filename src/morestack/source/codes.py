"""Every kind of error a Go program can have, with an example that has exactly that error.

S: syntax, T: types, U: Go that is not supported yet, P: packages and files. The wording of messages is
gc's and lives where they are reported.

The table is one long module on purpose: codes are looked up here by number, and each entry is a short example.
"""

from enum import Enum


class Code(Enum):
    """A stable name for a diagnostic."""

    SYNTAX = "S001"
    """The text does not follow Go's grammar.

    Example:
        package main
        func main() { x := }
    """

    NESTING = "S002"
    """The program nests deeper than this compiler allows (gc has no limit, and crashes at a few million levels).

    Example:
        $ python -c 'print("package main; var x =", "(" * 10000 + "1" + ")" * 10000)' > deep.go
        $ morestack run deep.go
    """

    FILE_NOT_FOUND = "P001"
    """A file or folder named on the command line does not exist.

    Example:
        $ morestack run no-such-file.go
    """

    FILE_UNREADABLE = "P002"
    """A file or folder exists and cannot be read.

    Example:
        $ chmod 0 main.go && morestack run main.go
    """

    FILE_NOT_GO = "P003"
    """A file was named that is not a .go file.

    Example:
        $ morestack run notes.txt
    """

    NO_GO_FILES = "P004"
    """A folder has no Go files, or none for this machine.

    Example:
        $ mkdir empty && morestack run empty
    """

    IMPORT_CYCLE = "P008"
    """Packages import each other.

    Example:
        $ echo 'package a; import "a"' > src/a/a.go
    """

    MIXED_PACKAGES = "P005"
    """Files given together belong to different packages.

    Example:
        $ morestack run main.go other.go
    """

    NOT_MAIN = "P006"
    """Only package main can be run.

    Example:
        $ morestack run library.go
    """

    NO_MAIN_FUNCTION = "P007"
    """Package main has no function main.

    Example:
        $ morestack run empty.go
    """

    UNDECLARED_NAME = "T001"
    """A name is not declared in any enclosing scope.

    Example:
        package main
        func main() { x = 1 }
    """

    DUPLICATE_DECL = "T002"
    """A name is declared twice in one scope, or a field twice in a struct.

    Example:
        package main
        var a, a int
        func main() {}
    """

    UNUSED_VAR = "T003"
    """A local variable is never used.

    Example:
        package main
        func main() { x := 1 }
    """

    UNUSED_IMPORT = "T004"
    """An import is never used.

    Example:
        package main
        import "unsafe"
        func main() {}
    """

    MISMATCHED_TYPES = "T005"
    """The operands of a binary operator have different types.

    Example:
        package main
        var _ = "a" + 1.0*len("b")
        func main() {}
    """

    INCOMPATIBLE_ASSIGN = "T006"
    """A value cannot be assigned to a variable, parameter or result of that type.

    Example:
        package main
        var s string = 1
        func main() {}
    """

    TRUNCATED_FLOAT = "T007"
    """A constant with a fraction is used as an integer.

    Example:
        package main
        var i int = 1.5
        func main() {}
    """

    NUMERIC_OVERFLOW = "T008"
    """A constant does not fit its type.

    Example:
        package main
        var b byte = 256
        func main() {}
    """

    INVALID_CONST_VAL = "T009"
    """A constant cannot be represented at all.

    Example:
        package main
        const c = 1 << 1000
        func main() {}
    """

    INVALID_UNTYPED_CONVERSION = "T010"
    """An untyped value cannot be converted to the type of the other operand.

    Example:
        package main
        var s []int
        var _ = s["a"]
        func main() {}
    """

    UNDEFINED_OP = "T011"
    """An operator is not defined for its operand.

    Example:
        package main
        var _ = !1
        func main() {}
    """

    DIV_BY_ZERO = "T012"
    """A constant divisor is zero.

    Example:
        package main
        var x int
        var _ = x / 0
        func main() {}
    """

    INVALID_SHIFT_OPERAND = "T013"
    """The shifted operand is not an integer.

    Example:
        package main
        var f float64
        var _ = f << 1
        func main() {}
    """

    INVALID_SHIFT_COUNT = "T014"
    """A shift count is negative, too large, or not an integer.

    Example:
        package main
        var x int
        var _ = x << -1
        func main() {}
    """

    UNADDRESSABLE_OPERAND = "T015"
    """The address of a value that is not addressable is taken.

    Example:
        package main
        func f() int { return 1 }
        var _ = &f()
        func main() {}
    """

    UNASSIGNABLE_OPERAND = "T016"
    """The left side of an assignment cannot be assigned to.

    Example:
        package main
        const c = 1
        func main() { c = 2 }
    """

    UNADDRESSABLE_FIELD_ASSIGN = "T017"
    """An assignment to a field of a struct in a map.

    Example:
        package main
        var m map[int]struct{ x int }
        func main() { m[0].x = 1 }
    """

    INVALID_INDIRECTION = "T018"
    """The operand of a dereference is not a pointer.

    Example:
        package main
        var x int
        var _ = *x
        func main() {}
    """

    INVALID_RECEIVE = "T019"
    """The operand of a receive is not a channel, or a send-only one.

    Example:
        package main
        var x int
        var _ = <-x
        func main() {}
    """

    INVALID_SEND = "T020"
    """The target of a send is not a channel, or a receive-only one.

    Example:
        package main
        func main() { var c <-chan int; c <- 1 }
    """

    INVALID_CALL = "T021"
    """The operand of a call is not a function.

    Example:
        package main
        var x int
        var _ = x()
        func main() {}
    """

    WRONG_ARG_COUNT = "T022"
    """A call has too few or too many arguments.

    Example:
        package main
        func f(int) {}
        func main() { f() }
    """

    WRONG_RESULT_COUNT = "T023"
    """A return statement has too few or too many values.

    Example:
        package main
        func f() int { return 1, 2 }
        func main() {}
    """

    WRONG_ASSIGN_COUNT = "T024"
    """The numbers of variables and values differ.

    Example:
        package main
        var a, b = 1, 2, 3
        func main() {}
    """

    INVALID_DOT_DOT_DOT = "T025"
    """`...` is used with a builtin or values that do not allow it.

    Example:
        package main
        var s []int
        var _ = len(s...)
        func main() {}
    """

    NON_VARIADIC_DOT_DOT_DOT = "T026"
    """`...` is passed to a function that is not variadic.

    Example:
        package main
        func f(int) {}
        func main() { f([]int{}...) }
    """

    BAD_DOT_DOT_DOT_SYNTAX = "T027"
    """`...` is used where it is not allowed.

    Example:
        package main
        var a [...]int
        func main() {}
    """

    TOO_MANY_VALUES = "T029"
    """A call returns no value, or several, where a single value is required.

    Example:
        package main
        func f() {}
        var _ = f()
        func main() {}
    """

    MISSING_RETURN = "T030"
    """A function with results can reach its end.

    Example:
        package main
        func f() int {}
        func main() {}
    """

    MISSING_BODY = "T031"
    """A function has no body.

    Example:
        package main
        func f()
        func main() {}
    """

    OUT_OF_SCOPE_RESULT = "T032"
    """A bare return where a result's name is shadowed.

    Example:
        package main
        func f() (x int) { { x := 1; _ = x; return } }
        func main() {}
    """

    NOT_A_TYPE = "T033"
    """A name that is not a type is used as one.

    Example:
        package main
        var x int
        var y x
        func main() {}
    """

    NOT_AN_EXPR = "T034"
    """A type is used as a value.

    Example:
        package main
        var _ = int
        func main() {}
    """

    NOT_A_GENERIC_TYPE = "T035"
    """A type that is not generic is given type arguments.

    Example:
        package main
        type T int
        var x T[int]
        func main() {}
    """

    WRONG_TYPE_ARG_COUNT = "T036"
    """Type arguments are missing, too few or too many.

    Example:
        package main
        type T[P any] []P
        var x T
        func main() {}
    """

    INVALID_TYPE_ARG = "T037"
    """A type argument does not satisfy its constraint.

    Example:
        package main
        type T[P comparable] []P
        var x T[[]int]
        func main() {}
    """

    CANNOT_INFER_TYPE_ARGS = "T038"
    """The type arguments of a call cannot be inferred.

    Example:
        package main
        func f[T any]() {}
        func main() { f() }
    """

    INVALID_UNION = "T039"
    """A union or `~` term that is not allowed.

    Example:
        package main
        type I interface{ ~int | ~int }
        func main() {}
    """

    MISPLACED_TYPE_PARAM = "T040"
    """A type parameter is used where it is not allowed.

    Example:
        package main
        type T[P any] P
        func main() {}
    """

    MISPLACED_CONSTRAINT_IFACE = "T041"
    """A constraint interface is used as a variable's type.

    Example:
        package main
        var x interface{ ~int }
        func main() {}
    """

    UNCALLED_BUILTIN = "T042"
    """A builtin is used without calling it.

    Example:
        package main
        var _ = len
        func main() {}
    """

    UNUSED_EXPR = "T043"
    """The value of an expression statement is not used.

    Example:
        package main
        func main() { 1 + 2 }
    """

    UNUSED_RESULTS = "T044"
    """A go or defer statement discards the result of a builtin.

    Example:
        package main
        func main() { defer len("x") }
    """

    INVALID_GO = "T045"
    """A go statement has no function call.

    Example:
        package main
        func main() { go int(1) }
    """

    INVALID_DEFER = "T046"
    """A defer statement has no function call.

    Example:
        package main
        func main() { defer int(1) }
    """

    INVALID_BLANK = "T047"
    """`_` is used as a value.

    Example:
        package main
        var x = _
        func main() {}
    """

    INVALID_IOTA = "T048"
    """`iota` is used outside a constant declaration.

    Example:
        package main
        var x = iota
        func main() {}
    """

    INVALID_PKG_USE = "T049"
    """A package name is used without a selector.

    Example:
        package main
        import "unsafe"
        var x = unsafe
        func main() {}
    """

    UNDECLARED_IMPORTED_NAME = "T050"
    """A package has no such name.

    Example:
        package main
        import "unsafe"
        var x = unsafe.Nothing
        func main() {}
    """

    MISSING_FIELD_OR_METHOD = "T052"
    """A value has no such field or method.

    Example:
        package main
        var x int
        var _ = x.f
        func main() {}
    """

    AMBIGUOUS_SELECTOR = "T053"
    """Two embedded fields at one depth have that name.

    Example:
        package main
        type A struct{ x int }
        type B struct{ x int }
        var c struct { A; B }
        var _ = c.x
        func main() {}
    """

    INVALID_METHOD_EXPR = "T054"
    """A method needs a pointer receiver that it cannot get.

    Example:
        package main
        type T int
        func (*T) m() {}
        func main() { T(1).m() }
    """

    INVALID_ASSERT = "T055"
    """The operand of a type assertion is not an interface value.

    Example:
        package main
        var x int
        var _ = x.(int)
        func main() {}
    """

    IMPOSSIBLE_ASSERT = "T056"
    """An assertion or type switch case can never hold.

    Example:
        package main
        var x interface{ m() }
        var _ = x.(int)
        func main() {}
    """

    INVALID_CONVERSION = "T057"
    """A value cannot be converted to that type.

    Example:
        package main
        var _ = int("x")
        func main() {}
    """

    NON_SLICEABLE_OPERAND = "T058"
    """A value without elements is indexed or sliced.

    Example:
        package main
        var x int
        var _ = x[0]
        func main() {}
    """

    INVALID_INDEX = "T059"
    """An index is negative, out of bounds or not an integer.

    Example:
        package main
        var a [3]int
        var _ = a[5]
        func main() {}
    """

    INVALID_SLICE_EXPR = "T060"
    """A string is sliced with three indices.

    Example:
        package main
        var s string
        var _ = s[0:1:2]
        func main() {}
    """

    SWAPPED_SLICE_INDICES = "T061"
    """A slice's constant indices are in the wrong order.

    Example:
        package main
        var s []int
        var _ = s[2:1]
        func main() {}
    """

    UNTYPED_NIL_USE = "T062"
    """nil is used where nothing gives it a type.

    Example:
        package main
        var x = nil
        func main() {}
    """

    INVALID_CONST_INIT = "T063"
    """A constant's initializer is not constant.

    Example:
        package main
        var v int
        const c = v
        func main() {}
    """

    INVALID_CONST_TYPE = "T064"
    """Constants cannot have that type.

    Example:
        package main
        const c []int = nil
        func main() {}
    """

    INVALID_INIT_CYCLE = "T065"
    """A package variable's initialization depends on itself.

    Example:
        package main
        var x = f()
        func f() int { return x }
        func main() {}
    """

    INVALID_DECL_CYCLE = "T066"
    """A declaration contains itself.

    Example:
        package main
        type T struct{ t T }
        func main() {}
    """

    INVALID_ARRAY_LEN = "T067"
    """An array length is not a constant that fits.

    Example:
        package main
        var n int
        var a [n]int
        func main() {}
    """

    INCOMPARABLE_MAP_KEY = "T068"
    """A map's key type cannot be compared.

    Example:
        package main
        var m map[[]int]int
        func main() {}
    """

    INVALID_EMBED = "T069"
    """A pointer type is embedded.

    Example:
        package main
        type P *int
        type T struct{ P }
        func main() {}
    """

    BLANK_IFACE_METHOD = "T070"
    """An interface method is named `_`.

    Example:
        package main
        type I interface{ _() }
        func main() {}
    """

    DUPLICATE_METHOD = "T071"
    """A type has two methods with the same name.

    Example:
        package main
        type T int
        func (T) m() {}
        func (T) m() {}
        func main() {}
    """

    DUPLICATE_FIELD_AND_METHOD = "T072"
    """A struct has a field and a method with the same name.

    Example:
        package main
        type T struct{ m int }
        func (T) m() {}
        func main() {}
    """

    INVALID_RECV = "T073"
    """A method's receiver type cannot have methods.

    Example:
        package main
        func (int) m() {}
        func main() {}
    """

    BAD_RECV = "T074"
    """A generic receiver has the wrong number of type parameters.

    Example:
        package main
        type T[P any] int
        func (T[A, B]) m() {}
        func main() {}
    """

    INVALID_INIT_DECL = "T075"
    """`init` is declared as something other than a function without arguments.

    Example:
        package main
        var init int
        func main() {}
    """

    INVALID_MAIN_DECL = "T076"
    """`main` is declared as something other than a function without arguments.

    Example:
        package main
        var main int
    """

    BAD_DECL = "T077"
    """A declaration is not allowed at this place.

    Example:
        package main
        func main() { var a [1]int; a[0] := 1 }
    """

    REPEATED_DECL = "T078"
    """A name occurs twice on the left of `:=`.

    Example:
        package main
        func main() { a, a := 1, 2; _ = a }
    """

    NO_NEW_VAR = "T079"
    """`:=` declares nothing.

    Example:
        package main
        func main() { _ := 1 }
    """

    NON_NUMERIC_INC_DEC = "T081"
    """The operand of `++` or `--` is not a number.

    Example:
        package main
        func main() { s := ""; s++ }
    """

    INVALID_COND = "T082"
    """A condition is not a boolean.

    Example:
        package main
        func main() { if 1 {} }
    """

    INVALID_RANGE_EXPR = "T083"
    """A value cannot be ranged over.

    Example:
        package main
        func main() { for range 1.5 {} }
    """

    INVALID_ITER_VAR = "T084"
    """A range has fewer iteration variables.

    Example:
        package main
        func main() { for _, x := range 3 { _ = x } }
    """

    INVALID_EXPR_SWITCH = "T085"
    """A value that cannot be compared is switched on.

    Example:
        package main
        func main() { switch [1][]int{} {} }
    """

    INVALID_TYPE_SWITCH = "T086"
    """The operand of a type switch is not an interface value.

    Example:
        package main
        func main() { x := 1; switch x.(type) {} }
    """

    DUPLICATE_CASE = "T087"
    """A switch has duplicate cases.

    Example:
        package main
        func main() { switch 1 { case 1, 1: } }
    """

    DUPLICATE_DEFAULT = "T088"
    """A switch or select has two default clauses.

    Example:
        package main
        func main() { select { default: ; default: } }
    """

    INVALID_SELECT_CASE = "T089"
    """A select case is not a communication.

    Example:
        package main
        func main() { select { case 1: } }
    """

    BRANCH = "T090"
    """A label or branch statement is wrong.

    Example:
        package main
        func main() { break }
    """

    UNTYPED_LIT = "T091"
    """A composite literal has no type.

    Example:
        package main
        var x = struct{ a []int }{{1}}
        func main() {}
    """

    INVALID_LIT = "T092"
    """A type has no composite literals.

    Example:
        package main
        var x = int{}
        func main() {}
    """

    INVALID_STRUCT_LIT = "T093"
    """A struct literal has too few or too many values.

    Example:
        package main
        var x = struct{ a, b int }{1}
        func main() {}
    """

    MIXED_STRUCT_LIT = "T094"
    """A struct literal mixes named and unnamed fields.

    Example:
        package main
        var x = struct{ a, b int }{a: 1, 2}
        func main() {}
    """

    INVALID_LIT_FIELD = "T095"
    """A struct literal's key is not a field name.

    Example:
        package main
        var x = struct{ a int }{1: 2}
        func main() {}
    """

    MISSING_LIT_FIELD = "T096"
    """A struct has no such field.

    Example:
        package main
        var x = struct{ a int }{b: 2}
        func main() {}
    """

    DUPLICATE_LIT_FIELD = "T097"
    """A struct literal sets a field twice.

    Example:
        package main
        var x = struct{ a int }{a: 1, a: 2}
        func main() {}
    """

    MISSING_LIT_KEY = "T099"
    """A map literal has a value without a key.

    Example:
        package main
        var x = map[int]int{1}
        func main() {}
    """

    DUPLICATE_LIT_KEY = "T100"
    """A map, array or slice literal has duplicate keys.

    Example:
        package main
        var x = []int{0: 1, 0: 2}
        func main() {}
    """

    INVALID_LIT_INDEX = "T101"
    """A literal's index is not constant.

    Example:
        package main
        var i int
        var x = []int{i: 2}
        func main() {}
    """

    OVERSIZE_ARRAY_LIT = "T102"
    """An array literal has too many elements.

    Example:
        package main
        var x = [1]int{1, 2}
        func main() {}
    """

    INVALID_APPEND = "T103"
    """The first argument of append is not a slice.

    Example:
        package main
        var x = append(1, 2)
        func main() {}
    """

    INVALID_CAP = "T104"
    """The argument of `cap` has no capacity.

    Example:
        package main
        var x = cap("s")
        func main() {}
    """

    INVALID_LEN = "T105"
    """The argument of `len` has no length.

    Example:
        package main
        var x = len(1)
        func main() {}
    """

    INVALID_CLEAR = "T106"
    """The argument of `clear` is neither a map nor a slice.

    Example:
        package main
        func main() { clear(1) }
    """

    INVALID_CLOSE = "T107"
    """The argument of close is not a channel that can be sent to.

    Example:
        package main
        func main() { close(1) }
    """

    INVALID_COMPLEX = "T108"
    """The arguments of `complex` are not floats of one type.

    Example:
        package main
        var x = complex(1, "s")
        func main() {}
    """

    INVALID_REAL = "T109"
    """The argument of `real` is not complex.

    Example:
        package main
        var x = real("s")
        func main() {}
    """

    INVALID_IMAG = "T110"
    """The argument of `imag` is not complex.

    Example:
        package main
        var x = imag("s")
        func main() {}
    """

    INVALID_COPY = "T111"
    """The arguments of `copy` do not match.

    Example:
        package main
        var a, b = []int{}, []byte{}
        var n = copy(a, b)
        func main() {}
    """

    INVALID_DELETE = "T112"
    """The first argument of delete is not a map.

    Example:
        package main
        func main() { delete(1, 2) }
    """

    INVALID_MAKE = "T113"
    """The type passed to `make` is not a slice, map or channel.

    Example:
        package main
        var x = make(int)
        func main() {}
    """

    SWAPPED_MAKE_ARGS = "T114"
    """A slice is made with a length greater than its capacity.

    Example:
        package main
        var x = make([]int, 2, 1)
        func main() {}
    """

    INVALID_MIN_MAX_OPERAND = "T115"
    """An argument of `min` or `max` has no order.

    Example:
        package main
        var x = max(true)
        func main() {}
    """

    BAD_OFFSETOF_SYNTAX = "T116"
    """The argument of unsafe.Offsetof is not a selector.

    Example:
        package main
        import "unsafe"
        var x = unsafe.Offsetof(1)
        func main() {}
    """

    INVALID_OFFSETOF = "T117"
    """unsafe.Offsetof of a method, or of a field behind a pointer.

    Example:
        package main
        import "unsafe"
        type T struct{}
        func (T) m() {}
        var x = unsafe.Offsetof(T{}.m)
        func main() {}
    """

    INVALID_UNSAFE = "T118"
    """An argument of a function of package unsafe has the wrong type.

    Example:
        package main
        import "unsafe"
        var x = unsafe.Slice(1, 2)
        func main() {}
    """

    TYPE_TOO_LARGE = "T119"
    """A type is too large for this machine.

    Example:
        package main
        import "unsafe"
        var x = unsafe.Sizeof([1 << 62]int{})
        func main() {}
    """

    INVALID_INSTANCE_CYCLE = "T120"
    """Generic code would need infinitely many, ever larger type arguments.

    Example:
        package main
        func f[T any](n int) { f[*T](n - 1) }
        func main() { f[int](3) }
    """

    UNPRINTABLE = "T123"
    """print or println of a struct or an array.

    Example:
        package main
        func main() { println([1]int{}) }
    """

    BAD_IMPORT_PATH = "T121"
    """An import path is empty or has characters that import paths cannot have.

    Example:
        package main
        import ""
        func main() {}
    """

    UNSUPPORTED_IMPORT = "U001"
    """A package is imported that cannot be compiled yet.

    Example:
        package main
        import "fmt"
        func main() { fmt.Println() }
    """

    NOT_SUPPORTED_YET = "U002"
    """A part of Go that is checked but not compiled yet.

    Example:
        package main
        func main() { defer println("x") }
    """
