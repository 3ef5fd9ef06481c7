// SPDX-License-Identifier: GPL-2.0-or-later

package items_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"testing"

	"scoutfs/engine/btree"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/fsck/items"
	"scoutfs/fsck/problem"
	"scoutfs/fsck/structure"
	"scoutfs/internal/testblock"
	"scoutfs/internal/testtree"
)

// fuzzItems returns the items of a volume with one of everything.
func fuzzItems(f *testing.F) []testblock.Item {
	f.Helper()
	v := testtree.New(f, 2)
	d := v.Dir(format.RootIno, "dir")
	file := v.File(d, "file", testtree.Text("text"), testtree.Hole(1), testtree.Offline(2))
	v.Link(d, "link", file)
	v.Symlink(d, "symlink", "target")
	v.Xattr(file, "scoutfs.totl.x.1.2.3", "5")
	v.Xattr(file, "scoutfs.srch.indx.x.1.2", "")
	v.Xattr(file, "user.big", string(make([]byte, 1000)))
	v.Xattr(d, format.XattrACLDefault, acl())
	v.Item(format.TotlKey(1, 2, 3), total(5, 1))
	v.Item(format.OrphanKey(9), []byte{})
	rule := quotaRule()
	v.Item(format.QuotaRuleKey(rule.Hash(), 0), format.Bytes(rule))
	r, _ := volume(f, v.Memory().Meta)
	var all []testblock.Item
	for it, err := range r.Snapshot.Items(f.Context(), format.AllKeys()) {
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, testblock.Item{Key: it.Key, Seq: it.Seq, Value: bytes.Clone(it.Value)})
	}
	return all
}

// FuzzCheck checks volumes whose items are anything. A change is six bytes:
// which item, where in its key and value, and what to do there.
func FuzzCheck(f *testing.F) {
	sound := fuzzItems(f)
	f.Add([]byte{})
	f.Add([]byte{3, 0, 0, 0, 1, 0xff})
	f.Add([]byte{10, 0, 40, 0, 2, 7, 11, 0, 33, 0, 3, 1})
	f.Fuzz(func(t *testing.T, changes []byte) {
		changed := slices.Clone(sound)
		for op := range slices.Chunk(changes[:min(len(changes), 600)], 6) {
			if len(op) == 6 {
				changed = change(changed, int(binary.LittleEndian.Uint16(op)), int(binary.LittleEndian.Uint16(op[2:])), op[4], op[5])
			}
		}
		slices.SortStableFunc(changed, func(a, b testblock.Item) int { return a.Key.Compare(b.Key) })
		changed = slices.CompactFunc(changed, func(a, b testblock.Item) bool { return a.Key == b.Key })
		checkItems(t, changed)
	})
}

// change changes one item, or its copy.
func change(all []testblock.Item, which, where int, how, what byte) []testblock.Item {
	if len(all) == 0 {
		return all
	}
	it := all[which%len(all)]
	var key format.DiskKey
	key.Set(it.Key)
	raw := slices.Concat(format.Bytes(&key), it.Value)
	at := where % len(raw)
	switch how % 5 {
	case 0:
		raw[at] ^= what
	case 1:
		raw[at] = what
	case 2:
		raw = raw[:max(at, format.Size[format.DiskKey]())]
	case 3:
		raw = append(raw, make([]byte, int(what))...)
	case 4:
		return slices.Delete(all, which%len(all), which%len(all)+1)
	}
	k, err := format.View[format.DiskKey](raw)
	if err != nil {
		return all
	}
	value := raw[format.Size[format.DiskKey]():]
	changed := testblock.Item{Key: k.Key(), Seq: 1, Value: value[:min(len(value), format.MaxBtreeValue)]}
	if what&1 != 0 && len(all) < 500 {
		return append(all, changed) // beside it
	}
	all[which%len(all)] = changed
	return all
}

// checkItems checks a view of items. It must come to an end and say the same
// whatever the sums are and however many work.
func checkItems(t *testing.T, all []testblock.Item) {
	t.Helper()
	v := testblock.New(t, 600)
	var super format.Super
	super.FmtVers.Set(2)
	super.Seq.Set(1000)
	super.NextIno.Set(5000)
	super.FSRoot.Set(v.Tree(50, all...))
	r := &structure.Result{Super: &super, Reader: newReader(v), DataBlocks: 100}
	var err error
	if r.Snapshot, err = forest.Load(context.Background(), r.Reader, &super); err != nil {
		t.Fatal(err)
	}
	counts := [2]map[problem.Number]int{}
	for i, workers := range []int{1, 3} {
		r.Unknown = &structure.Unknown{}
		found := findings{}
		_, err := items.Check(context.Background(), items.Options{
			Volume: r, Workers: workers, Report: found.report, Seed: uint64(i), Search: items.NewSearch(uint64(i)),
			Leaf: func(_ structure.TreeID, _ btree.Block, err error) bool { return err == nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		counts[i] = map[problem.Number]int{}
		for _, p := range found.all {
			counts[i][p.Number]++
		}
	}
	for n, c := range counts[0] {
		if counts[1][n] != c {
			t.Errorf("%d is found %d times, or %d times", n, c, counts[1][n])
		}
	}
	if len(counts[0]) != len(counts[1]) {
		t.Errorf("found %v, or %v", counts[0], counts[1])
	}
}
