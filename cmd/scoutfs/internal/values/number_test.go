// SPDX-License-Identifier: GPL-2.0-or-later

package values_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"scoutfs/cmd/scoutfs/internal/values"
)

func TestUnsignedNumbersAreReadAsStrtoullDoes(t *testing.T) {
	t.Parallel()
	const invalid = math.MaxUint64 - 12345 // stands for an error below
	tests := []struct {
		text string
		want uint64
	}{
		{"0", 0},
		{"", 0},
		{"10", 10},
		{"  10", 10},
		{"\t+10", 10},
		{"010", 8},
		{"0x10", 16},
		{"0XfF", 255},
		{"00", 0},
		{"-1", math.MaxUint64},
		{"-0x10", math.MaxUint64 - 15},
		{"-0", 0},
		{"18446744073709551615", math.MaxUint64},
		{"0xffffffffffffffff", math.MaxUint64},
		{"01777777777777777777777", math.MaxUint64},
		{"18446744073709551616", invalid},
		{"99999999999999999999", invalid},
		{"0x10000000000000000", invalid},
		{"02000000000000000000000", invalid},
		{"-18446744073709551616", invalid},
		{"x", invalid},
		{"10 ", invalid},
		{"1_0", invalid},
		{"08", invalid},
		{"0x", invalid},
		{"0xg", invalid},
		{"-", invalid},
		{"+-1", invalid},
		{"1.5", invalid},
		{" ", invalid},
	}
	for _, test := range tests {
		t.Run(strconv.Quote(test.text), func(t *testing.T) {
			t.Parallel()
			got, err := values.ParseUint64(test.text)
			switch {
			case test.want == invalid && (err == nil || err.Error() != "invalid 64bit value: '"+test.text+"'"):
				t.Errorf("got %d and error %v", got, err)
			case test.want != invalid && (err != nil || got != test.want):
				t.Errorf("got %d and error %v, want %d", got, err, test.want)
			}
		})
	}
}

func TestSignedNumbersEndAtTheirRange(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want int64
		ok   bool
	}{
		{"-5", -5, true},
		{"5", 5, true},
		{"-0x5", -5, true},
		{"9223372036854775807", math.MaxInt64, true},
		{"-9223372036854775808", math.MinInt64, true},
		{"9223372036854775808", 0, false},
		{"-9223372036854775809", 0, false},
		{"5x", 0, false},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			t.Parallel()
			got, err := values.ParseInt64(test.text)
			if got != test.want || (err == nil) != test.ok {
				t.Errorf("got %d and error %v, want %d", got, err, test.want)
			}
		})
	}
}

// Decimal numbers of any kind are read as Go reads them.
func FuzzUint64(f *testing.F) {
	for _, seed := range []string{"0", "18446744073709551615", "-1", "0x10", "007", "99999999999999999999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := values.ParseUint64(text)
		if strings.HasPrefix(text, "0") || strings.TrimLeft(text, "0123456789") != "" || text == "" {
			return
		}
		want, wantErr := strconv.ParseUint(text, 10, 64)
		if (err == nil) != (wantErr == nil) || err == nil && got != want {
			t.Errorf("got %d, %v, want %d, %v", got, err, want, wantErr)
		}
	})
}
