package main

// Takeuchi's function with lists for numbers: calls and pointer chasing.

const x, y, z = 22, 15, 7
const rounds = 10

type list struct{ next *list }

func count(n int) *list {
	if n == 0 {
		return nil
	}
	return &list{count(n - 1)}
}

func shorter(a, b *list) bool {
	return b != nil && (a == nil || shorter(a.next, b.next))
}

func mas(x, y, z *list) *list {
	if !shorter(y, x) {
		return z
	}
	return mas(mas(x.next, y, z), mas(y.next, z, x), mas(z.next, x, y))
}

func main() {
	total := 0
	for i := 0; i < rounds; i++ {
		for l := mas(count(x), count(y), count(z)); l != nil; l = l.next {
			total++
		}
	}
	println(total)
}
