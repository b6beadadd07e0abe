package main

// The Mandelbrot set: floating point in loops, no calls.

const size = 512
const limit = 200

func main() {
	inside := 0
	for row := 0; row < size; row++ {
		for column := 0; column < size; column++ {
			a, b := float64(column)*3/size-2, float64(row)*2.5/size-1.25
			x, y := 0.0, 0.0
			n := 0
			for n < limit && x*x+y*y <= 4 {
				x, y = x*x-y*y+a, 2*x*y+b
				n++
			}
			if n == limit {
				inside++
			}
		}
	}
	println(inside)
}
