// Maps: N rounds of one kind of operation on maps of Size keys.
package main

const N = 1
const What = 0
const Size = 1000

var ints []int
var absent []int
var texts []string
var absentTexts []string

func text(n int) string {
	b := []byte("key-00000000")
	for i := len(b) - 1; n > 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return string(b)
}

func fillInts() map[int]int {
	m := map[int]int{}
	for _, k := range ints {
		m[k] = k
	}
	return m
}

func fillTexts() map[string]int {
	m := map[string]int{}
	for i, k := range texts {
		m[k] = i
	}
	return m
}

func lookInts(keys []int) int {
	m := fillInts()
	found := 0
	for i := 0; i < N; i++ {
		for _, k := range keys {
			if _, ok := m[k]; ok {
				found++
			}
		}
	}
	return found
}

func lookTexts(keys []string) int {
	m := fillTexts()
	found := 0
	for i := 0; i < N; i++ {
		for _, k := range keys {
			if _, ok := m[k]; ok {
				found++
			}
		}
	}
	return found
}

func iterate() int {
	m := fillInts()
	sum := 0
	for i := 0; i < N; i++ {
		for k, v := range m {
			sum += k ^ v
		}
	}
	return sum
}

func count() int {
	m := fillTexts()
	for i := 0; i < N; i++ {
		for _, k := range texts {
			m[k]++
		}
	}
	return len(m)
}

func small() int {
	sum := 0
	for i := 0; i < N*Size; i++ {
		m := map[int]int{1: i, 2: i, 3: i}
		sum += m[2]
	}
	return sum
}

func churn() int {
	m := fillInts()
	for i := 0; i < N; i++ {
		for j, k := range ints {
			delete(m, k)
			m[absent[j]] = j
			delete(m, absent[j])
			m[k] = j
		}
	}
	return len(m)
}

func main() {
	x := 12345
	for i := 0; i < Size; i++ {
		x = (x*1103515245 + 12345) & 0x7fffffff
		ints = append(ints, x*2)
		absent = append(absent, x*2+1)
		texts = append(texts, text(x%100000000))
		absentTexts = append(absentTexts, text(x%100000000)+"x")
	}
	result := 0
	switch What {
	case 0:
		for i := 0; i < N; i++ {
			result += len(fillInts())
		}
	case 1:
		for i := 0; i < N; i++ {
			result += len(fillTexts())
		}
	case 2:
		result = lookInts(ints)
	case 3:
		result = lookInts(absent)
	case 4:
		result = lookTexts(texts)
	case 5:
		result = lookTexts(absentTexts)
	case 6:
		result = iterate()
	case 7:
		result = count()
	case 8:
		result = small()
	case 9:
		result = churn()
	}
	println(result > 0)
}
