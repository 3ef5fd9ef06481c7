// SPDX-License-Identifier: GPL-2.0-or-later

package find_test

import (
	"path"
	"strings"
	"testing"
	"unicode/utf8"

	"scoutfs/walk/find"
)

func TestGlob(t *testing.T) {
	t.Parallel()
	tests := []struct {
		pattern, name string
		fold, want    bool
	}{
		{"", "", false, true},
		{"", "a", false, false},
		{"a", "a", false, true},
		{"a", "A", false, false},
		{"a", "A", true, true},
		{"*", "", false, true},
		{"*", "/.a", false, true},
		{"**", "x", false, true},
		{"?", "", false, false},
		{"?", "/", false, true},
		{"?", "ä", false, true},
		{"??", "ä", false, false},
		{"*.txt", "a.txt", false, true},
		{"*.txt", ".txt", false, true},
		{"*.txt", "a.txt~", false, false},
		{"*.TXT", "a.txt", true, true},
		{"a*", "abc", false, true},
		{"a*", "ba", false, false},
		{"*b*", "abc", false, true},
		{"*b*", "ac", false, false},
		{"a*b*c", "aXbXbXc", false, true},
		{"a*b*c", "aXbXbX", false, false},
		{"a?c", "abc", false, true},
		{"[abc]", "b", false, true},
		{"[abc]", "d", false, false},
		{"[!abc]", "d", false, true},
		{"[^abc]", "a", false, false},
		{"[a-c]x", "bx", false, true},
		{"[A-C]x", "bX", true, true},
		{"[]]", "]", false, true},
		{"[!]]", "]", false, false},
		{"[a-]", "-", false, true},
		{"[", "[", false, true},
		{"[a", "[a", false, true},
		{"a[", "a[", false, true},
		{`\*`, "*", false, true},
		{`\*`, "x", false, false},
		{`[\]]`, "]", false, true},
		{`\`, `\`, false, true},
		{"*/b/*", "a/b/c", false, true},
		{"ÄÖ*", "äöx", true, true},
		{"\xff*", "\xffa", false, true},
		{"\xff*", "\xfea", false, false},
		{"?\xff", "a\xff", false, true},
		{"*\xff?", "a\xffb", false, true},
		{"[\xff]", "\xff", false, true},
		{"[\xff]", "\xfe", false, false},
		{"[!\xff]", "�", false, true},
	}
	for _, test := range tests {
		if got := find.NewGlob(test.pattern, test.fold).Match([]byte(test.name)); got != test.want {
			t.Errorf("%q matches %q (fold %v): %v, want %v", test.pattern, test.name, test.fold, got, test.want)
		}
	}
}

// Stars do not multiply the work.
func TestGlobIsFast(t *testing.T) {
	t.Parallel()
	g := find.NewGlob(strings.Repeat("*a", 100)+"b", false)
	if g.Match([]byte(strings.Repeat("a", 100_000))) {
		t.Error("it matches without its last character")
	}
}

// FuzzGlob compares with path.Match where both mean the same.
func FuzzGlob(f *testing.F) {
	for _, seed := range [][2]string{{"a*b?[c-e]", "axxbxd"}, {`\*[!x]`, "*y"}, {"[]-]", "]"}, {"*[", "a["}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		got := find.NewGlob(pattern, false).Match([]byte(name))
		find.NewGlob(pattern, true).Match([]byte(name))
		if !utf8.ValidString(pattern) || !utf8.ValidString(name) || strings.ContainsAny(name, "/") ||
			strings.ContainsAny(pattern, "/^") || strings.Contains(pattern, "[!") || strings.Contains(pattern, "[]") {
			return
		}
		want, err := path.Match(pattern, name)
		// What is no pattern there is text here.
		if err == nil && validSets(pattern) && got != want {
			t.Errorf("%q matches %q: %v, want %v", pattern, name, got, want)
		}
	})
}

// validSets reports whether a pattern has no sets that path.Match reads
// otherwise: it refuses some dashes, and finds out late.
func validSets(pattern string) bool {
	_, err := path.Match(pattern, "")
	return err == nil && !strings.Contains(pattern, "-") && !strings.HasSuffix(pattern, `\`)
}
