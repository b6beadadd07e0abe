package main

// The forces on bodies in the plane, by a tree of quadrants (Barnes and Hut).

const bodies = 4000
const steps = 3
const theta = 0.5

type body struct{ x, y, vx, vy, mass float64 }

type node struct {
	x, y, mass float64 // centre of mass
	size       float64
	left, top  float64
	leaf       *body
	quarter    [4]*node
}

func sqrt(v float64) float64 {
	if v == 0 {
		return 0
	}
	r := v
	if r < 1 {
		r = 1
	}
	for {
		next := (r + v/r) / 2
		if next >= r {
			return r
		}
		r = next
	}
}

func (n *node) part(b *body) int {
	half := n.size / 2
	part := 0
	if b.x >= n.left+half {
		part = 1
	}
	if b.y >= n.top+half {
		part += 2
	}
	return part
}

func (n *node) below(b *body) {
	part := n.part(b)
	half := n.size / 2
	if n.quarter[part] == nil {
		n.quarter[part] = &node{left: n.left + half*float64(part&1), top: n.top + half*float64(part>>1), size: half}
	}
	n.quarter[part].insert(b)
}

func (n *node) insert(b *body) {
	if n.mass == 0 {
		n.leaf = b
	} else {
		if old := n.leaf; old != nil && n.size > 1e-9 {
			n.leaf = nil
			n.below(old)
		}
		if n.size > 1e-9 {
			n.below(b)
		}
	}
	mass := n.mass + b.mass
	n.x = (n.x*n.mass + b.x*b.mass) / mass
	n.y = (n.y*n.mass + b.y*b.mass) / mass
	n.mass = mass
}

func (n *node) force(b *body) (fx, fy float64) {
	dx, dy := n.x-b.x, n.y-b.y
	d := sqrt(dx*dx+dy*dy) + 0.01
	if n.leaf != nil || n.size < theta*d {
		if n.leaf == b {
			return 0, 0
		}
		f := n.mass / (d * d * d)
		return f * dx, f * dy
	}
	for _, q := range n.quarter {
		if q != nil {
			x, y := q.force(b)
			fx += x
			fy += y
		}
	}
	return fx, fy
}

func main() {
	seed := uint32(7)
	random := func() float64 {
		seed = seed*1664525 + 1013904223
		return float64(seed>>8) / (1 << 24)
	}
	all := make([]body, bodies)
	for i := range all {
		all[i] = body{random(), random(), 0, 0, random() + 0.1}
	}
	for step := 0; step < steps; step++ {
		root := &node{size: 1}
		for i := range all {
			root.insert(&all[i])
		}
		for i := range all {
			fx, fy := root.force(&all[i])
			all[i].vx += fx * 1e-9
			all[i].vy += fy * 1e-9
		}
		for i := range all {
			b := &all[i]
			b.x += b.vx
			b.y += b.vy
			if b.x < 0 || b.x >= 1 {
				b.x = 0.5
			}
			if b.y < 0 || b.y >= 1 {
				b.y = 0.5
			}
		}
	}
	sum := 0.0
	for _, b := range all {
		sum += b.x + b.y
	}
	println(int(sum * 1000))
}
