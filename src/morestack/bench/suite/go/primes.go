package main

// Primes by a sieve of lists, every step of it a recursion.

const rounds = 6
const n = 15000

type list struct {
	x    int
	next *list
}

func interval(m, n int) *list {
	if m > n {
		return nil
	}
	return &list{m, interval(m+1, n)}
}

func remove(n int, l *list) *list {
	if l == nil {
		return nil
	}
	if l.x%n == 0 {
		return remove(n, l.next)
	}
	return &list{l.x, remove(n, l.next)}
}

func sieve(l *list) *list {
	if l == nil {
		return nil
	}
	return &list{l.x, sieve(remove(l.x, l.next))}
}

func main() {
	total := 0
	for i := 0; i < rounds; i++ {
		for p := sieve(interval(2, n)); p != nil; p = p.next {
			total += p.x
		}
	}
	println(total)
}
