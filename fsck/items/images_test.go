// SPDX-License-Identifier: GPL-2.0-or-later

package items_test

import (
	"testing"

	"scoutfs/engine/device"
	"scoutfs/fsck/items"
	"scoutfs/fsck/structure"
	"scoutfs/internal/testimage"
)

// whole checks a volume as a check does: the structure, then the items with
// their leaves.
func whole(tb testing.TB, meta device.Device, opts items.Options) (*items.Facts, *findings) {
	tb.Helper()
	found := &findings{}
	search := items.NewSearch(seed)
	c := structure.New(structure.Options{Meta: meta, Report: found.report, SearchEntries: search.Add})
	super, err := c.Supers(tb.Context())
	if err != nil || super == nil {
		tb.Fatalf("no super: %v, found %v", err, found.all)
	}
	if opts.Volume, err = c.Trees(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	opts.Leaf, opts.SeqWrong = c.Leaf, c.SeqWrong
	opts.Search, opts.Report, opts.Seed, opts.TempDir = search, found.report, seed, tb.TempDir()
	facts, err := items.Check(tb.Context(), opts)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := c.Finish(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return facts, found
}

func TestKernelVolumesAreClean(t *testing.T) {
	t.Parallel()
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		t.Parallel()
		meta, err := device.Open(img.Meta, device.Options{Shared: true})
		if err != nil {
			t.Fatal(err)
		}
		defer meta.Close()
		facts, found := whole(t, meta, items.Options{})
		for _, f := range found.wrong() {
			t.Errorf("%d %v: found %s, expected %s", f.Number, &f.Place, f.Found, f.Expected)
		}
		t.Logf("%+v", *facts)
	})
}
