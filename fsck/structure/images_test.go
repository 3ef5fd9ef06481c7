// SPDX-License-Identifier: GPL-2.0-or-later

package structure_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"scoutfs/engine/btree"
	"scoutfs/engine/device"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
	"scoutfs/fsck/structure"
	"scoutfs/internal/testimage"
)

// outcome is what a check says.
type outcome struct {
	findings []problem.Finding
	account  structure.Account
	result   *structure.Result
	entries  uint64 // of search files
	free     uint64 // blocks of the data device
}

// check makes a whole check of the structure of a volume, reading the merged
// view as a check of the items would.
func check(tb testing.TB, pair device.Pair) (o outcome) {
	tb.Helper()
	ctx := tb.Context()
	var mutex sync.Mutex
	c := structure.New(structure.Options{
		Meta: pair.Meta, Data: pair.Data,
		Report: func(f problem.Finding) {
			mutex.Lock()
			defer mutex.Unlock()
			o.findings = append(o.findings, f)
		},
		SearchEntries: func(entries []format.SrchEntry) {
			mutex.Lock()
			defer mutex.Unlock()
			o.entries += uint64(len(entries))
		},
	})
	super, err := c.Supers(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	if super == nil {
		return o
	}
	if o.result, err = c.Trees(ctx); err != nil {
		tb.Fatal(err)
	}
	readLeaves(tb, c, o.result)
	if o.account, err = c.Finish(ctx); err != nil {
		tb.Fatal(err)
	}
	for e, err := range o.result.FreeData(ctx) {
		if err != nil {
			tb.Fatal(err)
		}
		o.free += e.Len
	}
	o.result.Reader.Wait()
	return o
}

// readLeaves reads the merged view.
func readLeaves(tb testing.TB, c *structure.Checker, r *structure.Result) {
	tb.Helper()
	ctx := tb.Context()
	cursor := r.Snapshot.CursorWith(format.AllKeys(), forest.CursorOptions{
		Whole: true,
		Leaf: func(t forest.Tree, leaf btree.Block, err error) error {
			if !c.Leaf(structure.TreeID{RID: t.RID, Nr: t.Nr}, leaf, err) && err == nil {
				return fmt.Errorf("%v cannot be used", leaf.Ref)
			}
			return err
		},
		Damaged: func(forest.Tree, format.Range, error) error { return nil },
	})
	for cursor.Next(ctx) {
	}
	if err := cursor.Err(); err != nil {
		tb.Fatal(err)
	}
}

// names lists findings as one line each.
func names(findings []problem.Finding) string {
	table := problem.NewTable()
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "%s %s: found %s, expected %s\n", table.Describe(f.Number).Name, f.Place.String(), f.Found, f.Expected)
	}
	return b.String()
}

// serious returns the findings that make a volume unclean.
func serious(findings []problem.Finding) []problem.Finding {
	table := problem.NewTable()
	var bad []problem.Finding
	for _, f := range findings {
		if table.Describe(f.Number).Severity != problem.Note {
			bad = append(bad, f)
		}
	}
	return bad
}

func openImage(tb testing.TB, img testimage.Image) device.Pair {
	tb.Helper()
	pair, err := device.OpenPair(img.Meta, img.Data, device.Options{Shared: true})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := pair.Close(); err != nil {
			tb.Error(err)
		}
	})
	return pair
}

func TestVolumesOfUpstreamAreSound(t *testing.T) {
	sound := func(t *testing.T, img testimage.Image) {
		t.Helper()
		t.Parallel()
		o := check(t, openImage(t, img))
		if bad := serious(o.findings); len(bad) > 0 {
			t.Errorf("%d findings:\n%s", len(bad), names(bad))
		}
		t.Logf("%+v, %d search entries, %d free data blocks\n%s", o.account, o.entries, o.free, names(o.findings))
		if a := o.account; a.Used+a.Free+a.Leaked != a.Total || a.Leaked != a.Known {
			t.Errorf("blocks do not add up: %+v", a)
		}
	}
	t.Run("images", func(t *testing.T) { testimage.Each(t, sound) })
	t.Run("samples", func(t *testing.T) {
		testimage.EachSample(t, func(t *testing.T, img testimage.Image) {
			t.Helper()
			// mkfs accepts a port that no mount does, which one sample has; the
			// samples that were not made by mkfs are not sound.
			if strings.HasPrefix(img.Name, "mkfs-") && img.Name != "mkfs-v2-zones" {
				sound(t, img)
			}
		})
	})
}
