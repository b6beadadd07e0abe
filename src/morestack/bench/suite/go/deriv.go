package main

// Symbolic derivation: trees walked by type and rebuilt.

const rounds = 300000

type expr interface{ derive() expr }
type number int
type variable struct{}
type sum struct{ terms []expr }
type product struct{ factors []expr }
type quotient struct{ a, b expr }

func (number) derive() expr   { return number(0) }
func (variable) derive() expr { return number(1) }

func (s sum) derive() expr {
	terms := make([]expr, len(s.terms))
	for i, t := range s.terms {
		terms[i] = t.derive()
	}
	return sum{terms}
}

func (p product) derive() expr {
	terms := make([]expr, len(p.factors))
	for i, f := range p.factors {
		terms[i] = quotient{f.derive(), f}
	}
	return product{[]expr{p, sum{terms}}}
}

func (q quotient) derive() expr {
	return sum{[]expr{
		quotient{q.a.derive(), q.b},
		product{[]expr{number(-1), q.a, quotient{q.b.derive(), product{[]expr{q.b, q.b}}}}},
	}}
}

func size(e expr) int {
	n := 1
	switch e := e.(type) {
	case sum:
		for _, t := range e.terms {
			n += size(t)
		}
	case product:
		for _, f := range e.factors {
			n += size(f)
		}
	case quotient:
		n += size(e.a) + size(e.b)
	}
	return n
}

func main() {
	x := variable{}
	f := sum{[]expr{
		product{[]expr{number(3), x, x}}, product{[]expr{number(7), x, x}}, product{[]expr{number(9), x}}, number(5),
	}}
	total := 0
	for i := 0; i < rounds; i++ {
		total += size(f.derive())
	}
	println(total)
}
