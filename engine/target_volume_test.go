// SPDX-License-Identifier: GPL-2.0-or-later

package engine_test

import (
	"math"
	"slices"
	"strings"
	"syscall"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/ioctl"
	"scoutfs/internal/testvolume"
	"scoutfs/walk"
)

// indexed has entries of inode indexes and two log trees: one of a mount that
// has transaction 7 open, one of a mount that is gone.
func indexed(tb testing.TB, mounted ...uint64) *testvolume.Builder {
	tb.Helper()
	b := testvolume.New(tb)
	b.PerBlock = 3
	b.Super.Seq.Set(9)
	for _, e := range [][2]uint64{{1, 1}, {5, 3}, {5, 4}, {6, most}, {7, 2}, {8, 8}, {9, 1}, {9, 9}} {
		b.Put(format.InodeIndexKey(format.TypeMetaSeq, e[0], e[1]), nil)
	}
	b.Put(format.InodeIndexKey(format.TypeDataSeq, 5, 3), nil)
	for rid, get := range map[uint64]uint64{100: 7, 200: 5} {
		lt := new(format.LogTrees)
		lt.RID.Set(rid)
		lt.Nr.Set(1)
		lt.GetTransSeq.Set(get)
		lt.CommitTransSeq.Set(get - 1)
		b.LogTrees[format.LogTreesKey(rid, 1)] = format.Bytes(lt)
	}
	for _, rid := range mounted {
		b.Mounts[format.MountedClientKey(rid)] = format.Bytes(new(format.MountedClient))
	}
	return b
}

func entries(pairs ...uint64) []ioctl.InodeEntry {
	var all []ioctl.InodeEntry
	for pair := range slices.Chunk(pairs, 2) {
		all = append(all, ioctl.InodeEntry{Major: pair[0], Ino: pair[1]})
	}
	return all
}

func TestInodeIndexesAreWalked(t *testing.T) {
	t.Parallel()
	last := ioctl.LastInodeEntry()
	every := entries(1, 1, 5, 3, 5, 4, 6, most, 7, 2, 8, 8, 9, 1, 9, 9)
	at := func(major uint64, minor uint32, ino uint64) ioctl.InodeEntry {
		return ioctl.InodeEntry{Major: major, Minor: minor, Ino: ino}
	}
	tests := []struct {
		q    ioctl.WalkInodes
		want []ioctl.InodeEntry
		err  syscall.Errno
	}{
		{ioctl.WalkInodes{Last: last, Count: 100}, every, 0},
		{ioctl.WalkInodes{Last: last, Count: 1 << 30}, every, 0},
		{ioctl.WalkInodes{Last: last, Count: 3}, every[:3], 0},
		{ioctl.WalkInodes{Last: last}, nil, 0},
		{ioctl.WalkInodes{Last: last, Count: -1}, nil, 0},
		{ioctl.WalkInodes{First: at(5, 0, 4), Last: at(6, 0, most), Count: 100}, every[2:4], 0},
		{ioctl.WalkInodes{First: at(5, 0, 4), Last: at(6, 0, 0), Count: 100}, every[2:3], 0},
		{ioctl.WalkInodes{First: at(5, 9, 4), Last: at(6, 9, 0), Count: 100}, every[2:3], 0}, // minors count for nothing
		{ioctl.WalkInodes{First: at(5, 0, 4), Last: at(5, 0, 3), Count: 100}, nil, 0},
		{ioctl.WalkInodes{First: last, Last: at(0, 0, 0), Count: 100}, nil, 0},
		{ioctl.WalkInodes{Index: ioctl.IndexDataSeq, Last: last, Count: 100}, entries(5, 3), 0},
		{ioctl.WalkInodes{Index: 2, Last: last, Count: 100}, nil, syscall.EINVAL},
		{ioctl.WalkInodes{Index: 255}, nil, syscall.EINVAL},
	}
	bothWays(t, build(t, indexed(t)), func(t *testing.T, target ioctl.Target) {
		for _, test := range tests {
			got, err := target.WalkInodes(t.Context(), test.q)
			is(t, err, test.err)
			if !slices.Equal(got, test.want) {
				t.Errorf("%+v: %v, want %v", test.q, got, test.want)
			}
		}
	})
}

// TestWalksGoNoFurtherThanWhatIsCommitted makes sure that a walk does not
// pass a transaction that is still to come.
func TestWalksGoNoFurtherThanWhatIsCommitted(t *testing.T) {
	t.Parallel()
	every := entries(1, 1, 5, 3, 5, 4, 6, most, 7, 2, 8, 8, 9, 1, 9, 9)
	tests := []struct {
		name      string
		mounted   []uint64
		committed uint64
		entries   int
	}{
		{"nobody has it mounted", nil, 9, 8},
		{"the mount with transaction 7", []uint64{100}, 6, 4},
		{"the mount with transaction 5", []uint64{200}, 4, 1},
		{"both", []uint64{100, 200}, 4, 1},
		{"another", []uint64{300}, 9, 8},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			bothWays(t, build(t, indexed(t, test.mounted...)), func(t *testing.T, target ioctl.Target) {
				s, err := target.StatfsMore(t.Context())
				if err != nil || s.CommittedSeq != test.committed {
					t.Errorf("committed up to %d, error %v, want %d", s.CommittedSeq, err, test.committed)
				}
				got := all(t, walk.Inodes(t.Context(), target, ioctl.IndexMetaSeq, ioctl.InodeEntry{}, ioctl.LastInodeEntry()))
				if !slices.Equal(got, every[:test.entries]) {
					t.Errorf("entries are %v, want %v", got, every[:test.entries])
				}
			})
		})
	}
}

func TestStatfsMore(t *testing.T) {
	t.Parallel()
	bothWays(t, build(t, indexed(t, 100, 300)), func(t *testing.T, target ioctl.Target) {
		got, err := target.StatfsMore(t.Context())
		want := ioctl.StatfsMoreResult{
			FSID: 0x1122334455667788, CommittedSeq: 6, TotalMetaBlocks: testvolume.MetaBlocks, TotalDataBlocks: testvolume.DataBlocks,
			ReservedMetaBlocks: 52992, // of two mounts
		}
		if err != nil || got != want {
			t.Errorf("got %+v, error %v, want %+v", got, err, want)
		}
	})
}

func TestAllocDetailIsAllOrNothing(t *testing.T) {
	t.Parallel()
	b := indexed(t)
	b.Super.MetaAlloc[0].TotalLen.Set(11)
	b.Super.DataAlloc.TotalLen.Set(12)
	// Seven stores of the volume and its server, and four of each log tree.
	bothWays(t, build(t, b), func(t *testing.T, target ioctl.Target) {
		for count, want := range map[int]syscall.Errno{15: 0, 16: 0, 1 << 30: 0, 14: syscall.EOVERFLOW, 1: syscall.EOVERFLOW, 0: syscall.EOVERFLOW, -1: syscall.EOVERFLOW} {
			got, err := target.AllocDetail(t.Context(), ioctl.AllocDetail{Count: count})
			is(t, err, want)
			if err == nil && len(got) != 15 || err != nil && len(got) > 0 {
				t.Errorf("%d stores in room for %d", len(got), count)
			}
		}
		got, err := ioctl.AllocDetails(t.Context(), target)
		if err != nil || len(got) != 15 || got[0] != (ioctl.AllocDetailEntry{Blocks: 11, Meta: true, Avail: true}) ||
			got[2] != (ioctl.AllocDetailEntry{Blocks: 12, Avail: true}) || got[7].ID != 100 || got[14].ID != 200 {
			t.Errorf("stores are %+v, error %v", got, err)
		}
	})
}

func total(sum, count uint64) []byte {
	var v format.XattrTotal
	v.Total.Set(sum)
	v.Count.Set(count)
	return slices.Clone(format.Bytes(&v))
}

func TestTotals(t *testing.T) {
	t.Parallel()
	b := testvolume.New(t)
	b.Put(format.TotlKey(0, 0, 1), total(5, 1))
	b.Put(format.TotlKey(0, 1, 0), total(0, 0)) // is none
	b.Put(format.TotlKey(0, 1, 1), total(0, 2))
	b.Put(format.TotlKey(2, 0, 0), total(most, most))
	b.Put(format.TotlKey(most, most, most), total(7, 7))
	every := []ioctl.XattrTotal{
		{Name: ioctl.TotalName{0, 0, 1}, Total: 5, Count: 1},
		{Name: ioctl.TotalName{0, 1, 1}, Count: 2},
		{Name: ioctl.TotalName{2, 0, 0}, Total: most, Count: most},
		{Name: ioctl.TotalName{most, most, most}, Total: 7, Count: 7},
	}
	tests := []struct {
		q    ioctl.ReadXattrTotals
		want []ioctl.XattrTotal
		err  syscall.Errno
	}{
		{ioctl.ReadXattrTotals{Count: 100}, every, 0},
		{ioctl.ReadXattrTotals{Count: 2}, every[:2], 0},
		{ioctl.ReadXattrTotals{From: ioctl.TotalName{0, 0, 2}, Count: 100}, every[1:], 0},
		{ioctl.ReadXattrTotals{From: ioctl.TotalName{2, 0, 0}, Count: 1}, every[2:3], 0},
		{ioctl.ReadXattrTotals{From: ioctl.TotalName{2, 0, 1}, Count: 100}, every[3:], 0},
		{ioctl.ReadXattrTotals{}, nil, syscall.EINVAL},
		{ioctl.ReadXattrTotals{Count: -1}, nil, syscall.EINVAL},
	}
	bothWays(t, build(t, b), func(t *testing.T, target ioctl.Target) {
		for _, test := range tests {
			got, err := target.ReadXattrTotals(t.Context(), test.q)
			is(t, err, test.err)
			if !slices.Equal(got, test.want) {
				t.Errorf("%+v: %v, want %v", test.q, got, test.want)
			}
		}
	})
}

func TestXattrIndexMergesAttributesOfAnInode(t *testing.T) {
	t.Parallel()
	b := testvolume.New(t)
	b.PerBlock = 3
	for _, x := range []format.XattrIndx{
		{Major: 0, Minor: 1, Ino: 2, ID: 3},
		{Major: 0, Minor: 1, Ino: 2, ID: 4},
		{Major: 0, Minor: 1, Ino: 2, ID: most},
		{Major: 0, Minor: 1, Ino: 3, ID: 0},
		{Major: 0, Minor: 2, Ino: 3, ID: 0},
		{Major: 255, Minor: most, Ino: most, ID: 0},
		{Major: 255, Minor: most, Ino: most, ID: most},
	} {
		b.Put(format.IndxKey(x), nil)
	}
	at := func(major uint8, minor, ino uint64) ioctl.XattrIndexEntry {
		return ioctl.XattrIndexEntry{Major: major, Minor: minor, Ino: ino}
	}
	every := []ioctl.XattrIndexEntry{at(0, 1, 2), at(0, 1, 3), at(0, 2, 3), at(255, most, most)}
	last := ioctl.LastXattrIndexEntry()
	tests := []struct {
		q    ioctl.ReadXattrIndex
		want []ioctl.XattrIndexEntry
		err  syscall.Errno
	}{
		{ioctl.ReadXattrIndex{Last: last, Count: 100}, every, 0},
		{ioctl.ReadXattrIndex{Last: last, Count: 100, Flags: 77}, every, 0},
		{ioctl.ReadXattrIndex{Last: last, Count: 1}, every[:1], 0},
		{ioctl.ReadXattrIndex{First: at(0, 1, 3), Last: last, Count: 2}, every[1:3], 0},
		{ioctl.ReadXattrIndex{First: at(0, 1, 2), Last: at(0, 1, 2), Count: 100}, every[:1], 0},
		{ioctl.ReadXattrIndex{First: last, Last: last, Count: 100}, every[3:], 0},
		{ioctl.ReadXattrIndex{First: at(1, 0, 0), Last: at(254, most, most), Count: 100}, nil, 0},
		{ioctl.ReadXattrIndex{Last: last}, nil, 0},
		{ioctl.ReadXattrIndex{First: at(0, 0, 1), Last: at(0, 0, 0), Count: 100}, nil, syscall.EINVAL},
		{ioctl.ReadXattrIndex{First: last, Last: at(255, most, most-1)}, nil, syscall.EINVAL},
	}
	bothWays(t, build(t, b), func(t *testing.T, target ioctl.Target) {
		for _, test := range tests {
			got, err := target.ReadXattrIndex(t.Context(), test.q)
			is(t, err, test.err)
			if !slices.Equal(got, test.want) {
				t.Errorf("%+v: %v, want %v", test.q, got, test.want)
			}
		}
	})
}

func rule(prio byte, limit uint64) format.QuotaRule {
	r := format.QuotaRule{Prio: prio}
	r.Limit.Set(limit)
	return r
}

func TestQuotaRulesAreResumed(t *testing.T) {
	t.Parallel()
	b := testvolume.New(t)
	type placed struct {
		at   ioctl.QuotaIterator
		rule ioctl.QuotaRule
	}
	var every []placed
	for i := range byte(5) {
		r := rule(i, 10)
		at := ioctl.QuotaIterator{r.Hash(), uint64(i) * most / 4} // the last is the greatest collision there is
		b.Put(format.QuotaRuleKey(at[0], at[1]), format.Bytes(&r))
		every = append(every, placed{at, ioctl.QuotaRuleOf(&r)})
	}
	slices.SortFunc(every, func(x, y placed) int { return slices.Compare(x.at[:], y.at[:]) })
	bothWays(t, build(t, b), func(t *testing.T, target ioctl.Target) {
		for count := 1; count <= 6; count++ {
			q := ioctl.GetQuotaRules{Count: count}
			var got []ioctl.QuotaRule
			for {
				r, err := target.GetQuotaRules(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				if len(r.Rules) == 0 {
					if r.Next != q.From {
						t.Errorf("no rules, and next is %v after %v", r.Next, q.From)
					}
					break
				}
				if len(r.Rules) > count || slices.Compare(r.Next[:], q.From[:]) <= 0 {
					t.Fatalf("%d rules for %d, from %v to %v", len(r.Rules), count, q.From, r.Next)
				}
				got = append(got, r.Rules...)
				q.From = r.Next
			}
			if len(got) != len(every) {
				t.Fatalf("%d at a time: %d rules, want %d", count, len(got), len(every))
			}
			for i, p := range every {
				if got[i] != p.rule {
					t.Errorf("%d at a time: rule %d is %+v, want %+v", count, i, got[i], p.rule)
				}
			}
		}
		r, err := target.GetQuotaRules(t.Context(), ioctl.GetQuotaRules{From: ioctl.QuotaIterator{3, 4}})
		if err != nil || len(r.Rules) > 0 || r.Next != (ioctl.QuotaIterator{3, 4}) {
			t.Errorf("asked for none: %+v, error %v", r, err)
		}
	})
	old := testvolume.New(t)
	old.Super.FmtVers.Set(1)
	old.Inode(1, format.ModeDirectory, nil)
	old.Items[format.InodeKey(1)] = old.Items[format.InodeKey(1)][:160]
	bothWays(t, build(t, old), func(t *testing.T, target ioctl.Target) {
		_, err := target.GetQuotaRules(t.Context(), ioctl.GetQuotaRules{Count: 1})
		is(t, err, syscall.EOPNOTSUPP)
		_, err = target.GetQuotaRules(t.Context(), ioctl.GetQuotaRules{})
		is(t, err, 0)
	})
}

// searchable has a search file in which the inodes have one attribute each.
func searchable(tb testing.TB, name string, inos ...uint64) *testvolume.Builder {
	tb.Helper()
	b := testvolume.New(tb)
	var found []format.SrchEntry
	for _, ino := range inos {
		found = append(found, format.SrchEntry{Hash: format.SrchHash(name), Ino: ino})
	}
	file := b.Blocks.SrchFile(slices.Collect(slices.Chunk(found, 3))...)
	b.Srch[format.SrchBlocksKey(file.Blocks.Get(), file.Ref.Blkno.Get())] = format.Bytes(&file)
	return b
}

func TestSearchArguments(t *testing.T) {
	t.Parallel()
	const name = "scoutfs.srch.x"
	every := []uint64{1, 5, 6, 7, 1 << 40, most}
	long := "scoutfs.srch." + strings.Repeat("n", 243)
	none := ioctl.SearchXattrsResult{}
	hits := func(end bool, inos ...uint64) ioctl.SearchXattrsResult {
		return ioctl.SearchXattrsResult{Inos: inos, End: end}
	}
	tests := []struct {
		q    ioctl.SearchXattrs
		want ioctl.SearchXattrsResult
		err  syscall.Errno
	}{
		{ioctl.SearchXattrs{Name: name, LastIno: most, Count: 100}, hits(true, every...), 0},
		{ioctl.SearchXattrs{Name: name, LastIno: most, Count: 6}, hits(true, every...), 0},
		{ioctl.SearchXattrs{Name: name, LastIno: most, Count: 5}, hits(false, every[:5]...), 0},
		{ioctl.SearchXattrs{Name: name, NextIno: 2, LastIno: 6, Count: 100}, hits(true, 5, 6), 0},
		{ioctl.SearchXattrs{Name: name, NextIno: 6, LastIno: 6, Count: 1}, hits(true, 6), 0},
		{ioctl.SearchXattrs{Name: name, NextIno: most, LastIno: most, Count: 100}, hits(true, most), 0},
		{ioctl.SearchXattrs{Name: name, NextIno: 2, LastIno: 4, Count: 100}, hits(true), 0},
		{ioctl.SearchXattrs{Name: "scoutfs.srch.y", LastIno: most, Count: 100}, hits(true), 0},
		{ioctl.SearchXattrs{Name: long[:255], LastIno: most, Count: 100}, hits(true), 0},
		{ioctl.SearchXattrs{Name: long, LastIno: most, Count: 100}, none, syscall.EINVAL},
		{ioctl.SearchXattrs{Name: long}, none, syscall.EINVAL}, // before what is asked for matters
		{ioctl.SearchXattrs{Name: name, LastIno: most}, none, 0},
		{ioctl.SearchXattrs{Name: name, NextIno: 2, LastIno: 1, Count: 100}, none, 0},
		{ioctl.SearchXattrs{Name: "user.x", LastIno: most}, none, 0}, // nothing is asked for, and the name does not matter
		{ioctl.SearchXattrs{Name: "user.x", LastIno: most, Count: 1}, none, syscall.EINVAL},
		{ioctl.SearchXattrs{Name: "scoutfs.hide.x", LastIno: most, Count: 1}, none, syscall.EINVAL},
		{ioctl.SearchXattrs{Name: "scoutfs.srch.", LastIno: most, Count: 1}, none, syscall.EINVAL},
		{ioctl.SearchXattrs{Name: "scoutfs.srch.bogus.srch.", LastIno: most, Count: 1}, hits(true), 0},
		{ioctl.SearchXattrs{LastIno: most, Count: 1}, none, syscall.EINVAL},
	}
	bothWays(t, build(t, searchable(t, name, every...)), func(t *testing.T, target ioctl.Target) {
		for _, test := range tests {
			got, err := target.SearchXattrs(t.Context(), test.q)
			is(t, err, test.err)
			if !slices.Equal(got.Inos, test.want.Inos) || got.End != test.want.End {
				t.Errorf("%+v: %+v, want %+v", test.q, got, test.want)
			}
		}
	})
}

// TestAnswersStopBeforeDamage makes every kind of answer of several values
// meet a damaged item behind some good ones.
func TestAnswersStopBeforeDamage(t *testing.T) {
	t.Parallel()
	const blk = format.SmallBlockSize
	b := sample(t)
	b.Put(format.TotlKey(1, 0, 0), total(1, 1))
	b.Link(10, 8, 20, format.DirentRegular, "h")
	b.Put(format.LinkBackrefKey(20, 10, 8), []byte{1})
	hidden := []string{"scoutfs.hide.a", "scoutfs.hide.b"}
	if format.XattrNameHash(hidden[0]) > format.XattrNameHash(hidden[1]) {
		slices.Reverse(hidden)
	}
	b.Xattr(20, 1, hidden[0], nil)
	b.Put(format.XattrKey(20, format.XattrNameHash(hidden[1]), 2, 0), []byte{1})
	b.Extent(20, 0, 1, 100, 0)
	b.Put(format.DataExtentKey(20, format.Extent{Start: 4, Len: 1}), []byte{1})
	b.Extent(20, 9, 1, 101, 0)
	good, bad := rule(1, 1), rule(2, 2)
	if good.Hash() > bad.Hash() {
		good, bad = bad, good
	}
	b.Put(format.QuotaRuleKey(good.Hash(), 0), format.Bytes(&good))
	b.Put(format.QuotaRuleKey(bad.Hash(), 0), []byte{1})
	target := build(t, b)
	bothWays(t, target, func(t *testing.T, v ioctl.Target) {
		ctx := t.Context()
		f := openFile(t, v, "f")

		first, err := v.GetReferringEntries(ctx, ioctl.GetReferringEntries{Ino: 20, Bytes: 1 << 20})
		if err != nil || len(first) != 2 || first[1].Last {
			t.Errorf("entries before the damage: %+v, error %v", first, err)
		}
		_, err = v.GetReferringEntries(ctx, ioctl.GetReferringEntries{Ino: 20, From: ioctl.DirPosition{Dir: 10, Pos: 4}, Bytes: 1 << 20})
		is(t, err, syscall.EIO)

		names, err := f.ListxattrHidden(ctx, ioctl.ListxattrHidden{Bytes: 1 << 16})
		if err != nil || !slices.Equal(names.Names, hidden[:1]) {
			t.Errorf("names before the damage: %+v, error %v", names, err)
		}
		_, err = f.ListxattrHidden(ctx, ioctl.ListxattrHidden{From: names.Next, Bytes: 1 << 16})
		is(t, err, syscall.EIO)

		extents, err := f.Fiemap(ctx, ioctl.Fiemap{Length: most, Count: 10})
		if err != nil || len(extents.Extents) != 1 || extents.Extents[0].Flags&ioctl.ExtentLast != 0 {
			t.Errorf("extents before the damage: %+v, error %v", extents, err)
		}
		_, err = f.Fiemap(ctx, ioctl.Fiemap{Start: blk, Length: most, Count: 10})
		is(t, err, syscall.EIO)
		_, err = f.Fiemap(ctx, ioctl.Fiemap{Length: most})
		is(t, err, syscall.EIO) // a count is right or is none
		extents, err = f.Fiemap(ctx, ioctl.Fiemap{Start: 5 * blk, Length: most, Count: 10})
		if err != nil || len(extents.Extents) != 1 {
			t.Errorf("extents behind the damage: %+v, error %v", extents, err)
		}

		rules, err := v.GetQuotaRules(ctx, ioctl.GetQuotaRules{Count: 10})
		if err != nil || len(rules.Rules) != 1 || rules.Rules[0] != ioctl.QuotaRuleOf(&good) {
			t.Errorf("rules before the damage: %+v, error %v", rules, err)
		}
		_, err = v.GetQuotaRules(ctx, ioctl.GetQuotaRules{From: rules.Next, Count: 10})
		is(t, err, syscall.EIO)
	})
}

// TestPlacesAtTheEnd has items at the last places there are, where a place
// behind them cannot be told.
func TestPlacesAtTheEnd(t *testing.T) {
	t.Parallel()
	b := sample(t)
	name := "scoutfs.hide.x"
	value := func(name string) []byte {
		head := format.XattrHead{NameLen: byte(len(name))}
		return append(slices.Clone(format.Bytes(&head)), name...)
	}
	b.Put(format.XattrKey(20, 5, most, 0), value(name))
	b.Put(format.XattrKey(20, math.MaxUint32, most, 0), value(name+"y"))
	b.File(21, 0)
	b.Link(1, 70, 21, format.DirentRegular, "wide")
	b.Put(format.XattrKey(21, math.MaxUint32+1, 0, 0), value(name)) // of a hash that there is not
	b.Extent(20, 0, 1, 100, 0)
	b.Extent(20, format.MaxSmallBlkno-1, 1, 101, 0)
	target := build(t, b)
	f := openFile(t, target, "f")

	var names []string
	var failure error
	for name, err := range walk.HiddenXattrs(t.Context(), f) {
		if failure = err; err == nil {
			names = append(names, name)
		}
		if len(names) > 5 {
			t.Fatal("names in circles")
		}
	}
	if !slices.Equal(names, []string{name, name + "y"}) || failure == nil {
		t.Errorf("names are %q, then %v", names, failure)
	}
	_, err := openFile(t, target, "wide").ListxattrHidden(t.Context(), ioctl.ListxattrHidden{Bytes: 1 << 16})
	is(t, err, syscall.EIO)

	extents := 0
	for range walk.Extents(t.Context(), f, 0, most) {
		if extents++; extents > 5 {
			t.Fatal("extents in circles")
		}
	}
	if extents != 2 {
		t.Errorf("%d extents, want 2", extents)
	}
}
