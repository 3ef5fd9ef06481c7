// SPDX-License-Identifier: GPL-2.0-or-later

package items_test

import (
	"sync"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/forest"
	"scoutfs/engine/srch"
	"scoutfs/fsck/items"
	"scoutfs/fsck/problem"
	"scoutfs/fsck/structure"
	"scoutfs/internal/testimage"
)

// findings gathers what is reported.
type findings struct {
	mutex sync.Mutex
	all   []problem.Finding
}

func (f *findings) report(p problem.Finding) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.all = append(f.all, p)
}

const seed = 7

// volume is what the check of a sound volume's structure finds out.
func volume(tb testing.TB, meta device.Device) (*structure.Result, *items.Search) {
	tb.Helper()
	_, super, err := block.ReadSuper(meta)
	if err != nil {
		tb.Fatal(err)
	}
	r := &structure.Result{Super: super, Unknown: &structure.Unknown{}, DataBlocks: super.TotalDataBlocks.Get()}
	r.Reader = block.NewReader(meta, block.Options{FSID: super.Hdr.FSID.Get(), TotalBlocks: super.TotalMetaBlocks.Get()})
	if r.Snapshot, err = forest.Load(tb.Context(), r.Reader, super); err != nil {
		tb.Fatal(err)
	}
	search := items.NewSearch(seed)
	for source, err := range srch.Files(tb.Context(), r.Reader, super) {
		if err != nil {
			tb.Fatal(err)
		}
		for leaf, err := range source.File.Leaves(tb.Context(), 0) {
			if err != nil {
				tb.Fatal(err)
			}
			d := srch.NewDecoder(leaf.Leaf)
			search.Add(entries(&d))
		}
	}
	return r, search
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
		r, search := volume(t, meta)
		var found findings
		facts, err := items.Check(t.Context(), items.Options{Volume: r, Search: search, Report: found.report, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		table := problem.NewTable()
		for _, f := range found.all {
			if d := table.Describe(f.Number); d.Severity > problem.Note && f.Number != problem.DataBlockLeaked {
				t.Errorf("%d %s %v: found %s, expected %s", d.Number, d.Name, &f.Place, f.Found, f.Expected)
			} else {
				t.Logf("%d %s %v: %s", d.Number, d.Name, &f.Place, f.Found)
			}
		}
		t.Logf("%+v", *facts)
	})
}
