// SPDX-License-Identifier: GPL-2.0-or-later

package changes

import (
	"strings"
	"testing"
)

func TestPathsInUseAreKeptWithinBounds(t *testing.T) {
	t.Parallel()
	var d dirPaths
	d.put(1, "/in use")
	path := "/" + strings.Repeat("x", 1000)
	for i := range uint64(100_000) {
		d.put(1000+i, path)
		if _, ok := d.get(1); !ok {
			t.Fatalf("forgotten after %d others", i)
		}
		if held := len(d.young) + len(d.old); held*len(path) > 2*maxGeneration {
			t.Fatalf("holds %d paths of %d bytes", held, len(path))
		}
	}
	if _, ok := d.get(1000); ok {
		t.Error("the first of many is still known")
	}
	if _, ok := d.get(1000 + 99_999); !ok {
		t.Error("the last is not known")
	}
	d.forget()
	if _, ok := d.get(1); ok {
		t.Error("known after it was forgotten")
	}
}
