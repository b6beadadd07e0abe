"""Random concurrent Go programs whose output no schedule changes, and what they print.

`program(seed)` gives a text and its output. Each is a number of parts that run side by side: trees of goroutines,
pipelines, pools of workers, selects over several channels, panics recovered on deep stacks, maps that grow. Every part
adds up numbers that are known beforehand. `churn(seed, rounds)` repeats the parts and prints what memory took.
"""

import random
from dataclasses import dataclass

HELPERS = """\
func deep(n int) int {
	var pad [12]int
	pad[n%12] = n
	if n == 0 {
		return 0
	}
	return deep(n-1) + pad[n%12]
}

func tree(depth, fan int, up chan int) {
	if depth == 0 {
		up <- 1
		return
	}
	down := make(chan int, fan%2)
	for i := 0; i < fan; i++ {
		go tree(depth-1, fan, down)
	}
	sum := 1
	for i := 0; i < fan; i++ {
		sum += <-down
	}
	up <- sum
}

func stage(in, out chan int) {
	for v := range in {
		out <- v + 1
	}
	close(out)
}

func pipeline(stages, n, size int) int {
	first := make(chan int, size)
	in := first
	for i := 0; i < stages; i++ {
		out := make(chan int, size)
		go stage(in, out)
		in = out
	}
	go func() {
		for i := 0; i < n; i++ {
			first <- i
		}
		close(first)
	}()
	sum := 0
	for v := range in {
		sum += v
	}
	return sum
}

func pool(workers, n, size, depth int) int {
	jobs, results := make(chan int, size), make(chan int, size)
	for w := 0; w < workers; w++ {
		go func() {
			for j := range jobs {
				results <- deep(j % depth)
			}
		}()
	}
	go func() {
		for i := 0; i < n; i++ {
			jobs <- i
		}
		close(jobs)
	}()
	sum := 0
	for i := 0; i < n; i++ {
		sum += <-results
	}
	return sum
}

func selects(n, size int) int {
	a, b, c, quit := make(chan int), make(chan int, size), make(chan string, size), make(chan bool)
	go func() {
		for i := 0; i < n; i++ {
			select {
			case a <- i:
			case b <- i:
			}
		}
		quit <- true
	}()
	go func() {
		for i := 0; i < n; i++ {
			c <- "xyz"[:i%4]
		}
		quit <- true
	}()
	sum, left := 0, 2
	for left > 0 || len(b) > 0 || len(c) > 0 {
		select {
		case v := <-a:
			sum += v
		case v := <-b:
			sum += v
		case s := <-c:
			sum += len(s)
		case <-quit:
			left--
		}
	}
	return sum
}

func fall(n int, p *int) int {
	if n == 0 {
		panic(*p)
	}
	defer func() { *p++ }()
	return fall(n-1, p)
}

func recovered(n, depth int, up chan int) {
	sum := 0
	for i := 0; i < n; i++ {
		func() {
			start := i
			defer func() { sum += recover().(int)*2 + start }()
			fall(depth, &start)
		}()
	}
	up <- sum
}

func maps(n int) int {
	m := map[int]string{}
	byText := map[string]int{}
	for i := 0; i < n; i++ {
		m[i*7] = string(rune('a' + i%26))
		byText[m[i*7]] += i
		if i%3 == 0 {
			delete(m, i*7)
		}
	}
	sum := len(m)
	for _, v := range byText {
		sum += v
	}
	return sum
}
"""


@dataclass(frozen=True)
class Part:
    """An expression of type int, and its value."""

    code: str
    value: int


def deep(n: int) -> int:
    return n * (n + 1) // 2


def parts(rng: random.Random) -> list[Part]:
    """Some parts, with random sizes."""
    made = []
    for _ in range(rng.randint(2, 6)):
        kind = rng.choice(("tree", "pipeline", "pool", "selects", "recovered", "maps", "deep"))
        n, size = rng.randint(1, 60), rng.choice((0, 1, 2, 10))
        if kind == "tree":
            depth, fan = rng.randint(1, 4), rng.randint(1, 4)
            code = f"func() int {{ up := make(chan int); go tree({depth}, {fan}, up); return <-up }}()"
            made.append(Part(code, sum(fan**i for i in range(depth + 1))))
        elif kind == "pipeline":
            stages = rng.randint(1, 12)
            made.append(Part(f"pipeline({stages}, {n}, {size})", sum(range(n)) + n * stages))
        elif kind == "pool":
            workers, depth = rng.randint(1, 9), rng.choice((1, 7, 100, 1000))
            made.append(Part(f"pool({workers}, {n}, {size}, {depth})", sum(deep(i % depth) for i in range(n))))
        elif kind == "selects":
            made.append(Part(f"selects({n}, {size})", sum(range(n)) + sum(min(i % 4, 3) for i in range(n))))
        elif kind == "recovered":
            depth = rng.choice((1, 5, 200))
            code = f"func() int {{ up := make(chan int); go recovered({n}, {depth}, up); return <-up }}()"
            # The panic's value is start before the deferred calls raise it; sum sees start after them.
            made.append(Part(code, sum(i * 2 + i + depth for i in range(n))))
        elif kind == "maps":
            made.append(Part(f"maps({n})", n - (n + 2) // 3 + sum(range(n))))
        else:
            depth = rng.choice((1, 50, 3000))
            made.append(Part(f"deep({depth})", deep(depth)))
    return made


def launch(made: list[Part]) -> str:
    """A function that runs the parts side by side and returns their values in order."""
    starts = "\n".join(f"\tgo func() {{ results[{i}] <- {p.code} }}()" for i, p in enumerate(made))
    return (
        f"func round() [{len(made)}]int {{\n\tvar results [{len(made)}]chan int\n"
        f"\tfor i := range results {{\n\t\tresults[i] = make(chan int)\n\t}}\n{starts}\n"
        f"\tvar values [{len(made)}]int\n\tfor i := range results {{\n\t\tvalues[i] = <-results[i]\n\t}}\n"
        "\treturn values\n}\n"
    )


def program(seed: int) -> tuple[str, str]:
    """A program that runs its parts a few times, and what it prints to stderr."""
    rng = random.Random(seed)
    made = parts(rng)
    rounds = rng.randint(1, 5)
    main = (
        f"func main() {{\n\tfor i := 0; i < {rounds}; i++ {{\n\t\tfor _, v := range round() {{\n"
        "\t\t\tprintln(i, v)\n\t\t}\n\t}\n}\n"
    )
    text = f"package main\n\n{HELPERS}\n{launch(made)}\n{main}"
    return text, "".join(f"{i} {p.value}\n" for i in range(rounds) for p in made)


def churn(seed: int, rounds: int) -> tuple[str, list[int]]:
    """A program that runs its parts again and again, and the values it computes and prints at the end. Then it prints
    bytes of memory and of stacks, after a quarter of the rounds and at the end."""
    made = parts(random.Random(seed))
    main = f"""func main() {{
	var m, early runtime.MemStats
	for i := 0; i < {rounds}; i++ {{
		values := round()
		if i == {rounds}/4 {{
			runtime.GC()
			runtime.ReadMemStats(&early)
		}}
		if i == {rounds}-1 {{
			for _, v := range values {{
				println(v)
			}}
		}}
	}}
	for runtime.NumGoroutine() > 1 {{
		runtime.Gosched()
	}}
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	println("memory", early.Sys, m.Sys, early.Alloc, m.Alloc, early.StackInuse, m.StackInuse)
}}
"""
    text = f'package main\n\nimport "runtime"\n\n{HELPERS}\n{launch(made)}\n{main}'
    return text, [p.value for p in made]
