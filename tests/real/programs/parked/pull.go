//go:build go1.23

package main

import "iter"

func pulls() {
	next, _ := iter.Pull(func(yield func(int) bool) {
		yield(1)
		deep(3)
	})
	next()
	born("main.pulls")
	next()
}

func init() { more = append(more, pulls) }
