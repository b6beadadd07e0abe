package main

// Takeuchi's function in continuation-passing style: closures made and called. Go does not make its tail calls jumps,
// so what is a loop in ML is a deep recursion here.

const x, y, z = 18, 12, 6
const rounds = 40

func tak(x, y, z int, k func(int) int) int {
	if y >= x {
		return k(z)
	}
	return tak(x-1, y, z, func(a int) int {
		return tak(y-1, z, x, func(b int) int {
			return tak(z-1, x, y, func(c int) int {
				return tak(a, b, c, k)
			})
		})
	})
}

func main() {
	total := 0
	for i := 0; i < rounds; i++ {
		total += tak(x, y, z, func(a int) int { return a })
	}
	println(total)
}
