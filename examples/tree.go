// Goroutines build and sum a tree, one frame for each level, so their stacks must grow.
package main

type tree struct {
	left, right *tree
	value       int
}

func build(depth int) *tree {
	if depth == 0 {
		return nil
	}
	return &tree{build(depth - 1), build(depth - 1), depth}
}

func (t *tree) sum() int {
	if t == nil {
		return 0
	}
	return t.left.sum() + t.right.sum() + t.value
}

// list makes a tree that is one long left branch.
func list(n int) *tree {
	var t *tree
	for i := 0; i < n; i++ {
		t = &tree{left: t, value: 1}
	}
	return t
}

func main() {
	sums := make(chan int)
	for i := 0; i < 4; i++ {
		go func() { sums <- build(10 + i).sum() }()
	}
	go func() { sums <- list(20000).sum() }()
	total := 0
	for i := 0; i < 5; i++ {
		total += <-sums
	}
	println("total", total)
}
