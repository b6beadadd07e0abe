// About a hundred lines of ordinary Go, for the time of a cold compile.
package main

type kind int

const (
	number kind = iota
	plus
	minus
	times
	divide
	open
	shut
	end
)

type token struct {
	kind  kind
	value int
}

type lexer struct {
	text string
	pos  int
}

func (l *lexer) next() token {
	for l.pos < len(l.text) && l.text[l.pos] == ' ' {
		l.pos++
	}
	if l.pos >= len(l.text) {
		return token{kind: end}
	}
	c := l.text[l.pos]
	l.pos++
	switch c {
	case '+':
		return token{kind: plus}
	case '-':
		return token{kind: minus}
	case '*':
		return token{kind: times}
	case '/':
		return token{kind: divide}
	case '(':
		return token{kind: open}
	case ')':
		return token{kind: shut}
	}
	value := 0
	for l.pos--; l.pos < len(l.text) && '0' <= l.text[l.pos] && l.text[l.pos] <= '9'; l.pos++ {
		value = value*10 + int(l.text[l.pos]-'0')
	}
	return token{number, value}
}

type parser struct {
	lexer
	look token
}

type failure string

func (p *parser) advance() token {
	t := p.look
	p.look = p.next()
	return t
}

func (p *parser) factor() int {
	switch t := p.advance(); t.kind {
	case number:
		return t.value
	case minus:
		return -p.factor()
	case open:
		v := p.sum()
		if p.advance().kind != shut {
			panic(failure("missing )"))
		}
		return v
	}
	panic(failure("unexpected token"))
}

func (p *parser) product() int {
	v := p.factor()
	for p.look.kind == times || p.look.kind == divide {
		if p.advance().kind == times {
			v *= p.factor()
		} else {
			v /= p.factor()
		}
	}
	return v
}

func (p *parser) sum() int {
	v := p.product()
	for p.look.kind == plus || p.look.kind == minus {
		if p.advance().kind == plus {
			v += p.product()
		} else {
			v -= p.product()
		}
	}
	return v
}

func main() {
	inputs := []string{"1 + 2 * 3", "(1 + 2) * 3", "100 / 7 - -4", "2 * (3 + (4 - 1) * 5)"}
	for i, text := range inputs {
		p := parser{lexer: lexer{text: text}}
		p.advance()
		println(i, text, "=", p.sum())
	}
}
