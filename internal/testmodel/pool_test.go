// SPDX-License-Identifier: GPL-2.0-or-later

package testmodel

import (
	"testing"

	"scoutfs/engine/format"
)

func TestSomeNamesHaveTheSameHash(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		what  string
		names []string
		hash  func(string) uint64
		want  int
	}{
		{"entries", names(), format.DirentNameHash[string], 3},
		{"attributes", xattrNames(), format.XattrNameHash[string], 2},
	} {
		seen := map[uint64]bool{}
		pairs := 0
		for _, name := range test.names {
			if seen[test.hash(name)] {
				pairs++
			}
			seen[test.hash(name)] = true
		}
		if pairs != test.want {
			t.Errorf("%d pairs of names of %s have the same hash, want %d", pairs, test.what, test.want)
		}
	}
}
