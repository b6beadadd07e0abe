package main

// Noughts and crosses, every game there is, on boards that are copied.

const rounds = 3

type board [9]int8

var lines = [8][3]int{{0, 1, 2}, {3, 4, 5}, {6, 7, 8}, {0, 3, 6}, {1, 4, 7}, {2, 5, 8}, {0, 4, 8}, {2, 4, 6}}

func (b board) winner() int8 {
	for _, l := range lines {
		if p := b[l[0]]; p != 0 && p == b[l[1]] && p == b[l[2]] {
			return p
		}
	}
	return 0
}

type tree struct {
	b     board
	value int8
	below []*tree
}

func play(b board, player int8) *tree {
	t := &tree{b: b}
	if w := b.winner(); w != 0 {
		t.value = w
		return t
	}
	best := -2 * player
	for i, p := range b {
		if p != 0 {
			continue
		}
		next := b
		next[i] = player
		sub := play(next, -player)
		t.below = append(t.below, sub)
		if sub.value*player > best*player {
			best = sub.value
		}
	}
	if len(t.below) > 0 {
		t.value = best
	}
	return t
}

func size(t *tree) int {
	n := 1
	for _, sub := range t.below {
		n += size(sub)
	}
	return n
}

func main() {
	total := 0
	for i := 0; i < rounds; i++ {
		t := play(board{}, 1)
		total += size(t) + int(t.value)
	}
	println(total)
}
