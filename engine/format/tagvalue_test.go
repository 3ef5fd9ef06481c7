// SPDX-License-Identifier: GPL-2.0-or-later

package format_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"scoutfs/engine/format"
)

func TestParseTotlValue(t *testing.T) {
	t.Parallel()
	const bad = math.MaxUint64 - 1 // no row is this number
	for text, want := range map[string]uint64{
		"0":                        0,
		"00":                       0,
		"7":                        7,
		"18446744073709551615":     math.MaxUint64,
		"0x10":                     16,
		"0XfF":                     255,
		"0xffffffffffffffff":       math.MaxUint64,
		"010":                      8,
		"01777777777777777777777":  math.MaxUint64, // 23 characters
		"00000000000000000000007":  7,
		"000000000000000000000007": bad, // 24
		"18446744073709551616":     bad,
		"99999999999999999999":     bad,
		"0x10000000000000000":      bad,
		"02000000000000000000000":  bad,
		"":                         bad,
		"+1":                       bad,
		"-1":                       bad,
		" 1":                       bad,
		"1 ":                       bad,
		"1\n":                      bad,
		"\n":                       bad,
		"0x":                       bad,
		"0xg":                      bad,
		"08":                       bad,
		"1_000":                    bad,
		"0b1":                      bad,
		"0o7":                      bad,
		"1e3":                      bad,
		"ff":                       bad,
		// As a C string ends at its first NUL.
		"5\x00":                            5,
		"5\x00rest":                        5,
		"5\n\x00":                          5,
		"5\x00\n":                          bad, // ends with a newline all the same
		"5\n\n\x00":                        bad,
		"\x00":                             bad,
		"\n\x00":                           bad,
		"5\x00" + "0123456789012345678901": bad, // 24
	} {
		got, ok := format.ParseTotlValue(text)
		if ok != (want != bad) || ok && got != want {
			t.Errorf("ParseTotlValue(%q) = %d, %t", text, got, ok)
		}
		if again, okAgain := format.ParseTotlValue([]byte(text)); again != got || okAgain != ok {
			t.Errorf("the bytes of %q are %d, %t", text, again, okAgain)
		}
	}
}

// Numbers without underscores and without the prefixes that only Go knows
// mean the same to strconv.
func TestTotlNumbersAgreeWithStrconv(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.StringMatching(`(0[xX]?)?[0-9a-fA-FxX]{0,22}`),
			rapid.StringMatching(`[0-9]{1,23}`),
		).Draw(t, "text")
		want, err := strconv.ParseUint(text, 0, 64)
		if rest, found := strings.CutPrefix(strings.ToLower(text), "0b"); found && strings.Trim(rest, "01") == "" {
			return // binary in Go only
		}
		got, ok := format.ParseTotlValue(text)
		if wantOK := err == nil && len(text) <= 23; ok != wantOK || ok && got != want {
			t.Errorf("%q is %d, %t, strconv says %d, %v", text, got, ok, want, err)
		}
	})
}

func TestParseTotl(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]*[3]uint64{
		"scoutfs.totl.1.2.3":                    {1, 2, 3},
		"scoutfs.totl.name.1.2.3":               {1, 2, 3},
		"scoutfs.totl.9.1.2.3":                  {1, 2, 3},
		"scoutfs.hide.totl.x.0x10.010.0":        {16, 8, 0},
		"scoutfs.totl.0.0." + maxUint64Text:     {0, 0, math.MaxUint64},
		".1.2.3":                                {1, 2, 3},
		"1.2.3":                                 nil, // the first has no dot before it
		"scoutfs.totl.2.3":                      nil,
		"scoutfs.totl.1.2.3.":                   nil,
		"scoutfs.totl.1..3":                     nil,
		"scoutfs.totl.x.2.3":                    nil,
		"scoutfs.totl.1.x.3":                    nil,
		"scoutfs.totl.1.2.x":                    nil,
		"scoutfs.totl.1.2.-3":                   nil,
		"scoutfs.totl.1.2.+3":                   nil,
		"scoutfs.totl.1.2.3\n":                  nil,
		"scoutfs.totl.1.2.3\t":                  nil,
		"scoutfs.totl.0.0.18446744073709551616": nil,
		"":                                      nil,
		"...":                                   nil,
	} {
		a, b, c, ok := format.ParseTotl(name)
		if ok != (want != nil) || ok && *want != [3]uint64{a, b, c} || !ok && a|b|c != 0 {
			t.Errorf("ParseTotl(%q) = %d, %d, %d, %t", name, a, b, c, ok)
		}
		if a2, b2, c2, ok2 := format.ParseTotl([]byte(name)); a2 != a || b2 != b || c2 != c || ok2 != ok {
			t.Errorf("the bytes of %q are %d, %d, %d, %t", name, a2, b2, c2, ok2)
		}
	}
}

const maxUint64Text = "18446744073709551615"

func TestParseIndx(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		major uint8
		minor uint64
		ok    bool
	}{
		{"scoutfs.indx.1.2", 1, 2, true},
		{"scoutfs.indx.name.0xff." + maxUint64Text, 255, math.MaxUint64, true},
		{"scoutfs.indx.srch.7.010", 7, 8, true},
		{"scoutfs.indx.256.2", 0, 0, false},
		{"scoutfs.indx.2", 0, 0, false},
		{"scoutfs.indx.1.", 0, 0, false},
		{"scoutfs.indx.1.2x", 0, 0, false},
	} {
		major, minor, ok := format.ParseIndx(test.name)
		if major != test.major || minor != test.minor || ok != test.ok {
			t.Errorf("ParseIndx(%q) = %d, %d, %t", test.name, major, minor, ok)
		}
	}
}
