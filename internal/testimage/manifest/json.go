// SPDX-License-Identifier: GPL-2.0-or-later

package manifest

import (
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads one JSON value from the front of a line. Unlike
// encoding/json it keeps the order of an object's keys, and bytes that are
// no UTF-8: Python writes such a byte b as the lone surrogate 0xdc00+b. The
// first error stays and makes all that follows do nothing.
type scanner struct {
	rest []byte
	line []byte
	err  error
}

func newScanner(line []byte) *scanner { return &scanner{rest: line, line: line} }

func (s *scanner) fail(text string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf("column %d: %s", len(s.line)-len(s.rest)+1, fmt.Sprintf(text, args...))
		s.rest = nil
	}
}

// peek returns the next byte that is no space, 0 at the end.
func (s *scanner) peek() byte {
	for len(s.rest) > 0 && s.rest[0] == ' ' {
		s.rest = s.rest[1:]
	}
	if len(s.rest) == 0 {
		return 0
	}
	return s.rest[0]
}

func (s *scanner) take(c byte) {
	if s.peek() != c {
		s.fail("expected %q", c)
		return
	}
	s.rest = s.rest[1:]
}

// end checks that the line is used up.
func (s *scanner) end() {
	if s.err == nil && s.peek() != 0 {
		s.fail("more after the value")
	}
}

// object calls field for each key; field must read the value.
func (s *scanner) object(field func(key string)) {
	s.sequence('{', '}', func() {
		key := s.string()
		s.take(':')
		if s.err == nil {
			field(key)
		}
	})
}

// array calls element for each element; element must read it.
func (s *scanner) array(element func()) { s.sequence('[', ']', element) }

func (s *scanner) sequence(first, last byte, element func()) {
	s.take(first)
	if s.peek() == last {
		s.take(last)
		return
	}
	for s.err == nil {
		element()
		if s.peek() != ',' {
			break
		}
		s.take(',')
	}
	s.take(last)
}

// uint reads an unsigned number.
func (s *scanner) uint(bits int) uint64 {
	s.peek()
	n := 0
	for n < len(s.rest) && s.rest[n] >= '0' && s.rest[n] <= '9' {
		n++
	}
	v, err := strconv.ParseUint(string(s.rest[:n]), 10, bits)
	if err != nil {
		s.fail("%v", err)
		return 0
	}
	s.rest = s.rest[n:]
	return v
}

func (s *scanner) string() string {
	s.take('"')
	for n, c := range s.rest {
		switch c {
		case '"':
			text := string(s.rest[:n])
			s.rest = s.rest[n+1:]
			return text
		case '\\':
			return s.escaped(n)
		}
	}
	s.fail("string without its end")
	return ""
}

// escaped reads a string whose first n bytes have no escapes.
func (s *scanner) escaped(n int) string {
	text := append([]byte(nil), s.rest[:n]...)
	s.rest = s.rest[n:]
	for len(s.rest) > 0 {
		c := s.rest[0]
		s.rest = s.rest[1:]
		switch c {
		case '"':
			return string(text)
		case '\\':
			text = s.escape(text)
		default:
			text = append(text, c)
		}
	}
	s.fail("string without its end")
	return ""
}

// escape reads what follows a backslash.
func (s *scanner) escape(text []byte) []byte {
	if len(s.rest) == 0 {
		return text
	}
	c := s.rest[0]
	s.rest = s.rest[1:]
	switch c {
	case '"', '\\', '/':
		return append(text, c)
	case 'b':
		return append(text, '\b')
	case 'f':
		return append(text, '\f')
	case 'n':
		return append(text, '\n')
	case 'r':
		return append(text, '\r')
	case 't':
		return append(text, '\t')
	case 'u':
		return s.unicode(text)
	}
	s.fail("unknown escape %q", c)
	return text
}

func (s *scanner) unicode(text []byte) []byte {
	r := s.hex4()
	switch {
	case r >= 0xdc80 && r <= 0xdcff:
		return append(text, byte(r-0xdc00))
	case utf16.IsSurrogate(r):
		if len(s.rest) < 2 || s.rest[0] != '\\' || s.rest[1] != 'u' {
			s.fail("half a surrogate pair")
			return text
		}
		s.rest = s.rest[2:]
		r = utf16.DecodeRune(r, s.hex4())
	}
	return utf8.AppendRune(text, r)
}

func (s *scanner) hex4() rune {
	if len(s.rest) < 4 {
		s.fail("short unicode escape")
		return 0
	}
	v, err := strconv.ParseUint(string(s.rest[:4]), 16, 16)
	if err != nil {
		s.fail("%v", err)
		return 0
	}
	s.rest = s.rest[4:]
	return rune(v)
}
