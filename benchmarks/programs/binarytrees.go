package main

const N = 1
const Depth = 14

type tree struct{ left, right *tree }

func bottomUp(depth int) *tree {
	if depth <= 0 {
		return &tree{}
	}
	return &tree{bottomUp(depth - 1), bottomUp(depth - 1)}
}

func (t *tree) check() int {
	if t.left == nil {
		return 1
	}
	return 1 + t.left.check() + t.right.check()
}

// N trees are built and counted while one of the same depth stays.
func main() {
	long := bottomUp(Depth)
	sum := 0
	for i := 0; i < N; i++ {
		sum += bottomUp(Depth).check()
	}
	println(sum, long.check())
}
