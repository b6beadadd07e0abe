package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
)

type item struct {
	name     string
	quantity int
	price    float64
}

// items answers with the list of an order. The page is put together in the frame, "to save an allocation".
func items(ctx context.Context, r *request) int {
	var page [6144]byte
	n := 0
	for i := 0; i < 3; i++ {
		n += copy(page[n:], row(ctx, item{"part", i + r.seq%7, 9.5}))
	}
	return n + discount(page[:n], 6)
}

var pages = sync.Pool{New: func() any { return new([6144]byte) }}

// itemsOnPage is items with its page taken from a pool of them.
func itemsOnPage(ctx context.Context, r *request) int {
	page := pages.Get().(*[6144]byte)
	defer pages.Put(page)
	n := 0
	for i := 0; i < 3; i++ {
		n += copy(page[n:], row(ctx, item{"part", i + r.seq%7, 9.5}))
	}
	return n + discount(page[:n], 6)
}

func row(ctx context.Context, it item) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d %.2f %v\n", it.name, it.quantity, it.price, ctx.Value(key("trace")))
	return b.String()
}

// discount applies the rules one inside the other.
//
//go:noinline
func discount(page []byte, rules int) int {
	var seen [64]int
	for i, c := range page {
		seen[i&63] += int(c)
	}
	if rules == 0 {
		return seen[0] & 7
	}
	return discount(page[:len(page)/2], rules-1) + seen[rules]&1
}

var kept [64]int

//go:noinline
func record(line []byte, size int) {
	kept[len(line)&63] = size
}
