// SPDX-License-Identifier: GPL-2.0-or-later

package values

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// ParseAge reads a span of time: a number and one of s, m, h, d and w, or
// several such as 1h30m. Without a letter it is days.
func ParseAge(text string) (time.Duration, error) {
	invalid := fmt.Errorf("invalid age, want a number and s, m, h, d or w: '%s'", text)
	if n, err := strconv.ParseUint(text, 10, 63); err == nil {
		return multiple(n, 24*time.Hour, invalid)
	}
	total := time.Duration(0)
	for rest := text; rest != "" || text == ""; {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		if digits == 0 || digits == len(rest) {
			return 0, invalid
		}
		n, err := strconv.ParseUint(rest[:digits], 10, 63)
		unit := ageUnit(rest[digits])
		if err != nil || unit == 0 {
			return 0, invalid
		}
		part, err := multiple(n, unit, invalid)
		if err != nil || total > math.MaxInt64-part {
			return 0, invalid
		}
		total += part
		rest = rest[digits+1:]
	}
	return total, nil
}

func multiple(n uint64, unit time.Duration, invalid error) (time.Duration, error) {
	if n > uint64(math.MaxInt64/unit) {
		return 0, invalid
	}
	return time.Duration(n) * unit, nil
}

// ageUnit is what a letter stands for, 0 if nothing.
func ageUnit(letter byte) time.Duration {
	switch letter {
	case 's':
		return time.Second
	case 'm':
		return time.Minute
	case 'h':
		return time.Hour
	case 'd':
		return 24 * time.Hour
	case 'w':
		return 7 * 24 * time.Hour
	}
	return 0
}

// ParseMoment reads a moment: as ParseTime, a date in the given zone, or an
// age before now with a letter behind it, as ParseAge.
func ParseMoment(text string, now time.Time) (time.Time, error) {
	if t, err := time.ParseInLocation("2006-01-02", text, now.Location()); err == nil {
		return t, nil
	}
	if t, err := ParseTime(text); err == nil {
		return t, nil
	}
	if age, err := ParseAge(text); err == nil {
		return now.Add(-age), nil
	}
	return time.Time{}, fmt.Errorf("invalid time, want 2006-01-02, 2006-01-02T15:04:05Z, SECONDS since 1970, or an age such as 36h or 7d: '%s'", text)
}

// ParsePeriod reads how long ago something was, as find(1) does: N for N
// units ago but not N+1, +N for N+1 units ago or longer, -N for less than N
// units ago. The unit is a letter behind the number, a day without one. It
// also reads FROM..UNTIL with moments, either of which can be left out. A
// zero time is no bound; until is excluded.
func ParsePeriod(text string, now time.Time) (from, until time.Time, err error) {
	if first, last, isRange := strings.Cut(text, ".."); isRange {
		if first != "" {
			from, err = ParseMoment(first, now)
		}
		if last != "" && err == nil {
			until, err = ParseMoment(last, now)
		}
		if err == nil && first != "" && last != "" && until.Before(from) {
			err = fmt.Errorf("period '%s' ends before it starts", text)
		}
		return from, until, err
	}
	number := strings.TrimLeft(text, "+-")
	digits := strings.TrimRight(number, "smhdw")
	n, err := strconv.ParseUint(digits, 10, 31)
	unit := 24 * time.Hour
	if len(number) > len(digits) {
		unit = ageUnit(number[len(digits)])
	}
	if err != nil || len(text)-len(number) > 1 || len(number)-len(digits) > 1 || int64(n) >= math.MaxInt64/int64(unit)-1 {
		return from, until, fmt.Errorf("invalid time, want [+-]N[smhdw] or FROM..UNTIL: '%s'", text)
	}
	// The moments that ages of N and N+1 units are at, each the last of its
	// age: a file of exactly one day has the age of one day.
	age := func(n uint64) time.Time { return now.Add(-time.Duration(n) * unit).Add(1) }
	switch text[0] {
	case '+':
		return time.Time{}, age(n + 1), nil
	case '-':
		return age(n), time.Time{}, nil
	}
	return age(n + 1), age(n), nil
}
