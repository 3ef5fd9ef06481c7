// SPDX-License-Identifier: GPL-2.0-or-later

package changes_test

import (
	"testing"

	"scoutfs/walk/changes"
)

func TestParsePosition(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]changes.Position{
		"0.0":                       {},
		"12.1024":                   {Seq: 12, Ino: 1024},
		"12.18446744073709551615":   changes.AfterSeq(12),
		"18446744073709551615.0001": {Seq: 1<<64 - 1, Ino: 1},
	} {
		if got, err := changes.ParsePosition(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "12", ".", "12.", ".12", "1.2.3", "a.b", "-1.2", "1. 2", "18446744073709551616.1"} {
		if got, err := changes.ParsePosition(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

func FuzzParsePosition(f *testing.F) {
	f.Add("12.1024")
	f.Add("0.18446744073709551615")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := changes.ParsePosition(text)
		if err != nil {
			return
		}
		if again, err := changes.ParsePosition(p.String()); err != nil || again != p {
			t.Errorf("%q is %v, which is %v when read again: %v", text, p, again, err)
		}
	})
}
