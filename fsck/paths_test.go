// SPDX-License-Identifier: GPL-2.0-or-later

package fsck

import (
	"fmt"
	"testing"

	"scoutfs/engine"
	"scoutfs/engine/format"
	"scoutfs/internal/testtree"
)

func TestPathsOfDamagedTrees(t *testing.T) {
	t.Parallel()
	v := testtree.New(t, 2)
	a := v.Dir(format.RootIno, "a")
	b := v.Dir(a, "b")
	file := v.File(b, "file")
	nameless := v.Dir(a, "nameless")
	below := v.File(nameless, "below")
	orphan := v.File(a, "orphan")
	badName := v.Dir(a, "bad")
	belowBad := v.File(badName, "file")
	loop := v.Dir(a, "loop")
	inner := v.Dir(loop, "inner")
	lost := v.File(inner, "lost")

	// Positions of the names in a, in the order of their making.
	v.Item(format.LinkBackrefKey(nameless, a, format.FirstReaddirPos+1), nil)
	v.Item(format.LinkBackrefKey(orphan, a, format.FirstReaddirPos+2), nil)
	v.Item(format.LinkBackrefKey(badName, a, format.FirstReaddirPos+3), []byte{1})
	v.Item(format.LinkBackrefKey(loop, a, format.FirstReaddirPos+4), nil)
	v.Entry(inner, "back", loop, format.ModeDirectory)

	volume, err := engine.OpenDevices(t.Context(), v.Memory(), engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	view, err := volume.FS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		ino  uint64
		want string
	}{
		{"the root", format.RootIno, "/"},
		{"a file", file, "/a/b/file"},
		{"below a directory without a name", below, fmt.Sprintf("[inode %d]/below", nameless)},
		{"without a name", orphan, ""},
		{"below a damaged name", belowBad, fmt.Sprintf("[inode %d]/file", badName)},
		{"in a circle", lost, fmt.Sprintf("[inode %d]/back/inner/lost", inner)},
		{"no inode", 0, ""},
		{"an inode that does not exist", 9999, ""},
	}
	r := newResolver(view)
	for _, test := range tests {
		if got := r.path(t.Context(), test.ino); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	r.left = 0
	if got := r.path(t.Context(), b); got != "" {
		t.Errorf("beyond the bound on paths: %q", got)
	}
	if got := r.path(t.Context(), file); got != "/a/b/file" {
		t.Errorf("one that is known, beyond the bound on paths: %q", got)
	}
}
