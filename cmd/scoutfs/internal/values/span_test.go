// SPDX-License-Identifier: GPL-2.0-or-later

package values_test

import (
	"math"
	"testing"
	"time"

	"scoutfs/cmd/scoutfs/internal/values"
)

func TestParseSpan(t *testing.T) {
	t.Parallel()
	const most = math.MaxUint64
	tests := []struct {
		text   string
		lo, hi uint64
		ok     bool
	}{
		{"5", 5, 5, true},
		{"0", 0, 0, true},
		{"+5", 6, most, true},
		{"-5", 0, 4, true},
		{"0x10", 16, 16, true},
		{"3..7", 3, 7, true},
		{"3..", 3, most, true},
		{"..7", 0, 7, true},
		{"..", 0, most, true},
		{"7..3", 0, 0, false},
		{"-0", 0, 0, false},
		{"+18446744073709551615", 0, 0, false},
		{"18446744073709551615", most, most, true},
		{"", 0, 0, false},
		{"+", 0, 0, false},
		{"--5", 0, 0, false},
		{"+-5", 0, 0, false},
		{"x", 0, 0, false},
		{"-3..7", 0, 0, false},
		{"1..2..3", 0, 0, false},
	}
	for _, test := range tests {
		lo, hi, err := values.ParseSpan(test.text, values.ParseUint64)
		if (err == nil) != test.ok || err == nil && (lo != test.lo || hi != test.hi) {
			t.Errorf("%q: %d..%d, %v, want %d..%d", test.text, lo, hi, err, test.lo, test.hi)
		}
	}
	lo, hi, err := values.ParseSpan("1K..1M", values.ParseSize)
	if lo != 1024 || hi != 1<<20 || err != nil {
		t.Errorf("sizes: %d..%d, %v", lo, hi, err)
	}
}

func TestParseAge(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"7": 7 * 24 * time.Hour, "0": 0, "36h": 36 * time.Hour, "1h30m": 90 * time.Minute,
		"2w": 14 * 24 * time.Hour, "3d": 72 * time.Hour, "5s": 5 * time.Second,
	} {
		if got, err := values.ParseAge(text); got != want || err != nil {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "h", "5x", "-5h", "1h30", "99999999999999w", "9000000000000000000", "200000w200000w", "1.5h"} {
		if got, err := values.ParseAge(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestParseMoment(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	for text, want := range map[string]time.Time{
		"2025-12-31":                now.AddDate(0, 0, -2).Truncate(24 * time.Hour),
		"2025-12-31T10:00:00+01:00": time.Date(2025, 12, 31, 9, 0, 0, 0, time.UTC),
		"1700000000":                time.Unix(1700000000, 0),
		"1700000000.5":              time.Unix(1700000000, 5),
		"36h":                       now.Add(-36 * time.Hour),
		"1w":                        now.AddDate(0, 0, -7),
	} {
		if got, err := values.ParseMoment(text, now); !got.Equal(want) || err != nil {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "yesterday", "2025-13-01", "-3d"} {
		if got, err := values.ParseMoment(text, now); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// Ages are counted as find(1) does: a file of 47 hours is one day old.
func TestParsePeriod(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	inside := func(text string, age time.Duration) bool {
		t.Helper()
		from, until, err := values.ParsePeriod(text, now)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		at := now.Add(-age)
		return (from.IsZero() || !at.Before(from)) && (until.IsZero() || at.Before(until))
	}
	const hour, day = time.Hour, 24 * time.Hour
	tests := []struct {
		text string
		age  time.Duration
		want bool
	}{
		{"1", day, true},
		{"1", 47 * hour, true},
		{"1", 2*day - 1, true},
		{"1", 2 * day, false},
		{"1", day - 1, false},
		{"+1", 2 * day, true},
		{"+1", 2*day - 1, false},
		{"-1", day - 1, true},
		{"-1", day, false},
		{"-1", -day, true},
		{"0", hour, true},
		{"+0", day, true},
		{"+0", day - 1, false},
		{"+36h", 37 * hour, true},
		{"+36h", 36 * hour, false},
		{"-2w", 13 * day, true},
		{"2d..1d", 36 * hour, true},
		{"2d..1d", 12 * hour, false},
		{"..1d", 36 * hour, true},
		{"2026-01-01..", 3 * hour, true},
		{"2026-01-01..", 2 * day, false},
	}
	for _, test := range tests {
		if got := inside(test.text, test.age); got != test.want {
			t.Errorf("%q, %v ago: %v, want %v", test.text, test.age, got, test.want)
		}
	}
	for _, text := range []string{"", "+", "1x", "++1", "1hh", "1d..2d", "x..", "99999999999", "-", "1h30m"} {
		if _, _, err := values.ParsePeriod(text, now); err == nil {
			t.Errorf("%q is read", text)
		}
	}
}
