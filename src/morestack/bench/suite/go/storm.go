package main

// Many goroutines that outgrow their stacks again and again, with pointers into them to be adjusted.

const goroutines = 20000
const depth = 100

type cell struct {
	x  int
	up *cell
}

func grow(n int, up *cell) int {
	here := cell{n, up}
	if n == 0 {
		total := 0
		for c := &here; c != nil; c = c.up {
			total += c.x
		}
		return total
	}
	return grow(n-1, &here) + here.x
}

func main() {
	done := make(chan int)
	total := 0
	for i := 0; i < goroutines; i++ {
		go func(i int) { done <- grow(depth+i&15, nil) }(i)
		if i >= 100 {
			total += <-done
		}
	}
	for i := 0; i < 100; i++ {
		total += <-done
	}
	println(total)
}
