package main

// Takeuchi's function: four calls in a tree, arguments in registers.

const x, y, z = 24, 16, 8
const rounds = 60

func tak(x, y, z int) int {
	if y >= x {
		return z
	}
	return tak(tak(x-1, y, z), tak(y-1, z, x), tak(z-1, x, y))
}

func main() {
	total := 0
	for i := 0; i < rounds; i++ {
		total += tak(x, y, z)
	}
	println(total)
}
