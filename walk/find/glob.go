// SPDX-License-Identifier: GPL-2.0-or-later

package find

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// Glob is a pattern for names and paths as fnmatch(3) without flags has it:
// "*" matches any characters, slashes and leading dots too, "?" any one,
// "[a-z]" and "[!a-z]" one of some, and a backslash takes the next character
// for itself. A bracket without its partner stands for itself. Bytes that are
// no UTF-8 are characters of their own.
type Glob struct {
	text  string
	fold  bool
	parts []part
	// Most patterns are one of these, and looked for without parts.
	literal []byte
	kind    globKind
}

type globKind uint8

const (
	globGeneral  globKind = iota
	globExactly           // literal
	globEndsWith          // *literal
	globBegins            // literal*
	globContains          // *literal*
)

// part is one character of a pattern, or a star.
type part struct {
	star   bool
	any    bool
	char   rune // if nothing else is set
	size   int  // bytes of char; 1 for a byte that is no UTF-8
	set    []span
	negate bool
}

type span struct{ low, high rune }

// NewGlob reads a pattern. With fold, upper and lower case are the same.
func NewGlob(pattern string, fold bool) *Glob {
	g := &Glob{text: pattern, fold: fold}
	for rest := pattern; rest != ""; {
		var p part
		p, rest = readPart(rest)
		if p.star && len(g.parts) > 0 && g.parts[len(g.parts)-1].star {
			continue
		}
		g.parts = append(g.parts, p)
	}
	g.simplify()
	return g
}

// String returns the pattern.
func (g *Glob) String() string { return g.text }

func readPart(s string) (p part, rest string) {
	switch s[0] {
	case '*':
		return part{star: true}, s[1:]
	case '?':
		return part{any: true}, s[1:]
	case '[':
		if p, rest, ok := readSet(s[1:]); ok {
			return p, rest
		}
	case '\\':
		if len(s) > 1 {
			s = s[1:]
		}
	}
	char, size := decode(s)
	return part{char: char, size: size}, s[size:]
}

// readSet reads what follows an opening bracket.
func readSet(s string) (p part, rest string, ok bool) {
	if s != "" && (s[0] == '!' || s[0] == '^') {
		p.negate = true
		s = s[1:]
	}
	for first := true; s != ""; first = false {
		if s[0] == ']' && !first {
			return p, s[1:], true
		}
		var low, high rune
		if low, s, ok = setChar(s); !ok {
			return p, "", false
		}
		high = low
		if len(s) > 1 && s[0] == '-' && s[1] != ']' {
			if high, s, ok = setChar(s[1:]); !ok {
				return p, "", false
			}
		}
		p.set = append(p.set, span{low, high})
	}
	return p, "", false
}

func setChar(s string) (char rune, rest string, ok bool) {
	if s != "" && s[0] == '\\' {
		s = s[1:]
	}
	if s == "" {
		return 0, "", false
	}
	char, size := decode(s)
	return char, s[size:], true
}

// decode is utf8.DecodeRune that keeps bytes which are no UTF-8 apart from
// each other: they are negative.
func decode[T []byte | string](s T) (rune, int) {
	if s[0] < utf8.RuneSelf {
		return rune(s[0]), 1
	}
	var b [utf8.UTFMax]byte
	r, size := utf8.DecodeRune(b[:copy(b[:], s)])
	if r == utf8.RuneError && size <= 1 {
		return -rune(s[0]), 1
	}
	return r, size
}

// simplify finds out what kind of pattern it is.
func (g *Glob) simplify() {
	if g.fold {
		return
	}
	parts := g.parts
	starts := len(parts) > 0 && parts[0].star
	if starts {
		parts = parts[1:]
	}
	ends := len(parts) > 0 && parts[len(parts)-1].star
	if ends {
		parts = parts[:len(parts)-1]
	}
	for _, p := range parts {
		if p.star || p.any || p.set != nil {
			return
		}
		if p.char < 0 {
			g.literal = append(g.literal, byte(-p.char))
		} else {
			g.literal = utf8.AppendRune(g.literal, p.char)
		}
	}
	switch {
	case starts && ends:
		g.kind = globContains
	case starts:
		g.kind = globEndsWith
	case ends:
		g.kind = globBegins
	default:
		g.kind = globExactly
	}
}

// Match reports whether the whole of a name is what the pattern says.
func (g *Glob) Match(name []byte) bool {
	switch g.kind {
	case globExactly:
		return bytes.Equal(name, g.literal)
	case globEndsWith:
		return bytes.HasSuffix(name, g.literal)
	case globBegins:
		return bytes.HasPrefix(name, g.literal)
	case globContains:
		return bytes.Contains(name, g.literal)
	}
	return g.match(name)
}

// match goes back to the last star only: if what follows it does not match
// from where it was tried, an earlier star could not help.
func (g *Glob) match(name []byte) bool {
	at, next := 0, 0          // in parts and in name
	starAt, starNext := -1, 0 // after the last star, and where it was tried to end
	for next < len(name) {
		if at < len(g.parts) {
			p := &g.parts[at]
			if p.star {
				at++
				starAt, starNext = at, next
				continue
			}
			char, size := decode(name[next:])
			if g.matches(p, char) {
				at++
				next += size
				continue
			}
		}
		if starAt < 0 {
			return false
		}
		_, size := decode(name[starNext:])
		starNext += size
		at, next = starAt, starNext
	}
	for at < len(g.parts) && g.parts[at].star {
		at++
	}
	return at == len(g.parts)
}

func (g *Glob) matches(p *part, char rune) bool {
	switch {
	case p.any:
		return true
	case p.set == nil:
		return char == p.char || g.fold && foldCase(char) == foldCase(p.char)
	}
	inside := inSet(p.set, char)
	if !inside && g.fold && char >= 0 {
		inside = inSet(p.set, unicode.ToLower(char)) || inSet(p.set, unicode.ToUpper(char))
	}
	return inside != p.negate
}

func inSet(set []span, char rune) bool {
	for _, s := range set {
		if s.low <= char && char <= s.high {
			return true
		}
	}
	return false
}

func foldCase(r rune) rune {
	if r < 0 {
		return r
	}
	return unicode.ToLower(unicode.ToUpper(r))
}
