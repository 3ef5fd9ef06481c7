// SPDX-License-Identifier: GPL-2.0-or-later

package values

import (
	"fmt"
	"math"
	"strings"
)

// ParseSpan reads a range of numbers: N for exactly N, +N for more, -N for
// less, FROM..TO for both ends included, and with either left out for no end
// there. number reads one number.
func ParseSpan(text string, number func(string) (uint64, error)) (lo, hi uint64, err error) {
	parse := func(text string) uint64 {
		n, problem := number(text)
		if err == nil {
			if err = problem; text == "" || text[0] == '-' || text[0] == '+' {
				err = fmt.Errorf("invalid number: '%s'", text)
			}
		}
		return n
	}
	lo, hi = 0, math.MaxUint64
	if from, to, isRange := strings.Cut(text, ".."); isRange {
		if from != "" {
			lo = parse(from)
		}
		if to != "" {
			hi = parse(to)
		}
		if err == nil && hi < lo {
			err = fmt.Errorf("range '%s' ends before it starts", text)
		}
		return lo, hi, err
	}
	switch {
	case strings.HasPrefix(text, "+"):
		if lo = parse(text[1:]); err == nil && lo == math.MaxUint64 {
			err = fmt.Errorf("no number is more than '%s'", text[1:])
		}
		lo++
	case strings.HasPrefix(text, "-"):
		if hi = parse(text[1:]); err == nil && hi == 0 {
			err = fmt.Errorf("no number is less than '%s'", text[1:])
		}
		hi--
	default:
		lo = parse(text)
		hi = lo
	}
	return lo, hi, err
}
