package main

// A ray tracer: spheres over a plane, with reflection; vectors as values, shapes behind an interface.

const size = 700
const bounces = 4

type vec struct{ x, y, z float64 }

func (a vec) add(b vec) vec     { return vec{a.x + b.x, a.y + b.y, a.z + b.z} }
func (a vec) sub(b vec) vec     { return vec{a.x - b.x, a.y - b.y, a.z - b.z} }
func (a vec) mul(s float64) vec { return vec{a.x * s, a.y * s, a.z * s} }
func (a vec) dot(b vec) float64 { return a.x*b.x + a.y*b.y + a.z*b.z }
func (a vec) unit() vec         { return a.mul(1 / sqrt(a.dot(a))) }
func (a vec) reflect(n vec) vec { return a.sub(n.mul(2 * a.dot(n))) }

func sqrt(v float64) float64 {
	if v <= 0 {
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

type shape interface {
	hit(from, dir vec) (distance float64, ok bool)
	normal(at vec) vec
	colour(at vec) (float64, float64)
}

type sphere struct {
	centre vec
	radius float64
	grey   float64
}

func (s *sphere) hit(from, dir vec) (float64, bool) {
	to := s.centre.sub(from)
	b := to.dot(dir)
	d := b*b - to.dot(to) + s.radius*s.radius
	if d < 0 {
		return 0, false
	}
	d = b - sqrt(d)
	return d, d > 1e-6
}

func (s *sphere) normal(at vec) vec                { return at.sub(s.centre).unit() }
func (s *sphere) colour(at vec) (float64, float64) { return s.grey, 0.4 }

type floor struct{ y float64 }

func (f *floor) hit(from, dir vec) (float64, bool) {
	if dir.y >= 0 {
		return 0, false
	}
	d := (f.y - from.y) / dir.y
	return d, d > 1e-6
}

func (f *floor) normal(vec) vec { return vec{0, 1, 0} }

func (f *floor) colour(at vec) (float64, float64) {
	if (int(at.x+1000)+int(at.z+1000))&1 == 0 {
		return 0.9, 0.1
	}
	return 0.2, 0.1
}

var scene []shape
var light = vec{-3, 5, -4}

func nearest(from, dir vec) (shape, float64) {
	var found shape
	best := 1e18
	for _, s := range scene {
		if d, ok := s.hit(from, dir); ok && d < best {
			found, best = s, d
		}
	}
	return found, best
}

func trace(from, dir vec, left int) float64 {
	s, d := nearest(from, dir)
	if s == nil {
		return 0.5 + 0.5*dir.y
	}
	at := from.add(dir.mul(d))
	n := s.normal(at)
	grey, mirror := s.colour(at)
	to := light.sub(at).unit()
	bright := 0.1
	if blocker, _ := nearest(at, to); blocker == nil {
		if c := to.dot(n); c > 0 {
			bright += c
		}
	}
	v := grey * bright
	if left > 0 {
		v += mirror * trace(at, dir.reflect(n), left-1)
	}
	return v
}

func main() {
	scene = append(scene, &floor{-1})
	for i := 0; i < 9; i++ {
		scene = append(scene, &sphere{vec{float64(i%3)*1.5 - 1.5, float64(i/3) * 0.6, 4 + float64(i)/2}, 0.6, 0.5 + float64(i)/20})
	}
	sum := 0.0
	for row := 0; row < size; row++ {
		for column := 0; column < size; column++ {
			dir := vec{float64(column)/size - 0.5, 0.5 - float64(row)/size, 1}.unit()
			sum += trace(vec{0, 0.5, -2}, dir, bounces)
		}
	}
	println(int(sum))
}
