// Package synctest is what the standard library asks about the bubbles of testing/synctest. There are none.
package synctest

// An Association tells whose bubble a value belongs to.
type Association int

const (
	Unbubbled     = Association(iota) // to none
	CurrentBubble                     // to that of the goroutine that asks
	OtherBubble                       // to another
)

func IsInBubble() bool { return false }

func Associate[T any](p *T) Association { return Unbubbled }

func Disassociate[T any](p *T) {}

func IsAssociated[T any](p *T) bool { return false }
