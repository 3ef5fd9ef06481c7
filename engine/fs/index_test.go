// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"slices"
	"syscall"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/engine/srch"
	"scoutfs/internal/testvolume"
)

const most = 1<<64 - 1

func TestInodeIndex(t *testing.T) {
	t.Parallel()
	b := testvolume.New(t)
	b.PerBlock = 2
	every := []fs.IndexEntry{{0, 1}, {5, 3}, {5, 4}, {6, 2}, {1 << 40, most}, {most, most}}
	for _, e := range every {
		b.Put(format.InodeIndexKey(format.TypeMetaSeq, e.Seq, e.Ino), nil)
	}
	b.Put(format.InodeIndexKey(format.TypeDataSeq, 5, 9), nil)
	f := load(t, b)
	tests := []struct {
		from, to fs.IndexEntry
		want     []fs.IndexEntry
	}{
		{fs.IndexEntry{}, fs.IndexEntry{most, most}, every},
		{fs.IndexEntry{5, 4}, fs.IndexEntry{most, most}, every[2:]},
		{fs.IndexEntry{}, fs.IndexEntry{5, 3}, every[:2]},
		{fs.IndexEntry{5, 0}, fs.IndexEntry{5, most}, every[1:3]},
		{fs.IndexEntry{5, 4}, fs.IndexEntry{5, 4}, every[2:3]},
		{fs.IndexEntry{5, 5}, fs.IndexEntry{6, 1}, nil},
		{fs.IndexEntry{6, 0}, fs.IndexEntry{5, most}, nil},
	}
	for _, test := range tests {
		if got := all(t, f.InodeIndex(t.Context(), format.TypeMetaSeq, test.from, test.to)); !slices.Equal(got, test.want) {
			t.Errorf("index from %v to %v is %v, want %v", test.from, test.to, got, test.want)
		}
	}
	got := all(t, f.InodeIndex(t.Context(), format.TypeDataSeq, fs.IndexEntry{}, fs.IndexEntry{most, most}))
	if !slices.Equal(got, []fs.IndexEntry{{5, 9}}) {
		t.Errorf("index of data is %v", got)
	}
}

func TestXattrIndex(t *testing.T) {
	t.Parallel()
	b := testvolume.New(t)
	every := []format.XattrIndx{
		{Major: 0, Minor: 1, Ino: 2, ID: 3},
		{Major: 0, Minor: 1, Ino: 2, ID: 4},
		{Major: 0, Minor: 256, Ino: 1, ID: 0},
		{Major: 7, Minor: 0, Ino: most, ID: most},
		{Major: 255, Minor: most, Ino: most, ID: most},
	}
	for _, x := range every {
		b.Put(format.IndxKey(x), nil)
	}
	f := load(t, b)
	last := every[len(every)-1]
	tests := []struct {
		from, to format.XattrIndx
		want     []format.XattrIndx
	}{
		{format.XattrIndx{}, last, every},
		{every[1], every[2], every[1:3]},
		{format.XattrIndx{Major: 1}, format.XattrIndx{Major: 6, Minor: most, Ino: most, ID: most}, nil},
		{last, format.XattrIndx{}, nil},
	}
	for _, test := range tests {
		if got := all(t, f.XattrIndex(t.Context(), test.from, test.to)); !slices.Equal(got, test.want) {
			t.Errorf("index from %v to %v is %v, want %v", test.from, test.to, got, test.want)
		}
	}
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
	b.Put(format.TotlKey(2, 0, 0), total(most, 2))
	b.Put(format.TotlKey(most, most, most), total(0, most))
	f := load(t, b)
	want := []fs.Total{{[3]uint64{0, 0, 1}, 5, 1}, {[3]uint64{2, 0, 0}, most, 2}, {[3]uint64{most, most, most}, 0, most}}
	for skip, from := range [][3]uint64{{}, {0, 0, 2}, {2, 0, 1}} {
		if got := all(t, f.Totals(t.Context(), from)); !slices.Equal(got, want[skip:]) {
			t.Errorf("totals from %d on are %v, want %v", from, got, want[skip:])
		}
	}
}

func rule(prio byte, limit uint64) format.QuotaRule {
	r := format.QuotaRule{Prio: prio}
	r.Limit.Set(limit)
	return r
}

func TestQuotaRules(t *testing.T) {
	t.Parallel()
	b := testvolume.New(t)
	var want []fs.QuotaRule
	for i := range byte(5) {
		r := rule(i, uint64(i)*1000)
		want = append(want, fs.QuotaRule{Hash: r.Hash(), Collision: uint64(i % 2), Rule: &r})
		b.Put(format.QuotaRuleKey(r.Hash(), uint64(i%2)), format.Bytes(&r))
	}
	slices.SortFunc(want, func(x, y fs.QuotaRule) int {
		return format.QuotaRuleKey(x.Hash, x.Collision).Compare(format.QuotaRuleKey(y.Hash, y.Collision))
	})
	f := load(t, b)
	for i := range want {
		got := all(t, f.QuotaRules(t.Context(), want[i].Hash, want[i].Collision))
		equal := func(x, y fs.QuotaRule) bool {
			return x.Hash == y.Hash && x.Collision == y.Collision && *x.Rule == *y.Rule
		}
		if !slices.EqualFunc(got, want[i:], equal) {
			t.Errorf("%d rules from number %d on, want %d in their order", len(got), i, len(want)-i)
		}
	}
}

// searchFile is one search file of a volume.
type searchFile struct {
	kind    format.ItemKind
	entries []format.SrchEntry
}

func addSearchFiles(tb testing.TB, b *testvolume.Builder, files ...searchFile) {
	tb.Helper()
	for i, file := range files {
		if file.kind == format.KindSrchBlocks {
			slices.SortFunc(file.entries, format.SrchEntry.Compare)
		}
		// Small leaves, so that there are several.
		sfl := b.Blocks.SrchFile(slices.Collect(slices.Chunk(file.entries, 3))...)
		value := slices.Clone(format.Bytes(&sfl))
		switch blkno := sfl.Ref.Blkno.Get(); file.kind {
		case format.KindSrchBlocks:
			b.Srch[format.SrchBlocksKey(sfl.Blocks.Get(), blkno)] = value
		case format.KindSrchLog:
			b.Srch[format.SrchLogKey(blkno)] = value
		case format.KindLogTrees:
			lt := format.LogTrees{SrchFile: sfl}
			lt.RID.Set(uint64(i + 1))
			lt.Nr.Set(1)
			b.LogTrees[format.LogTreesKey(uint64(i+1), 1)] = slices.Clone(format.Bytes(&lt))
		}
	}
}

func TestSearchXattrs(t *testing.T) {
	t.Parallel()
	const name = "scoutfs.srch.me"
	hash := format.SrchHash(name)
	here := func(ino, id uint64) format.SrchEntry { return format.SrchEntry{Hash: hash, Ino: ino, ID: id} }
	there := func(ino uint64) format.SrchEntry { return format.SrchEntry{Hash: hash + 1, Ino: ino} }
	b := testvolume.New(t)
	addSearchFiles(t, b,
		// 10 was deleted before compaction, 11 after it, 12 by a mount whose
		// log is open; 13 was deleted and made again.
		searchFile{format.KindSrchBlocks, []format.SrchEntry{here(11, 1), here(12, 1), here(13, 1), here(20, 0), here(1<<40, 0), there(5), there(14)}},
		searchFile{format.KindSrchBlocks, []format.SrchEntry{here(15, 2), here(15, 3), here(most, most)}},
		searchFile{format.KindSrchLog, []format.SrchEntry{here(16, 1), here(11, 1), here(10, 1), here(10, 1), there(6), here(13, 1), here(13, 2)}},
		searchFile{format.KindLogTrees, []format.SrchEntry{here(12, 1), here(17, 9), here(15, 3)}},
		searchFile{format.KindLogTrees, []format.SrchEntry{there(7), here(1, 0)}},
	)
	// Of what is found, only these have the attribute.
	for _, ino := range []uint64{13, 17, most} {
		b.Xattr(ino, 2, name, nil)
	}
	f := load(t, b)
	every := []uint64{1, 13, 15, 16, 17, 20, 1 << 40, most}
	tests := []struct {
		name string
		q    fs.Search
		want []uint64
	}{
		{"all", fs.Search{Last: most}, every},
		{"some", fs.Search{First: 2, Last: 16}, []uint64{13, 15, 16}},
		{"one", fs.Search{First: 16, Last: 16}, []uint64{16}},
		{"the last", fs.Search{First: most, Last: most}, []uint64{most}},
		{"none", fs.Search{First: 2, Last: 12}, nil},
		{"backwards", fs.Search{First: 20, Last: 1}, nil},
		{"verified", fs.Search{Last: most, Verify: true}, []uint64{13, 17, most}},
		{"one in each pass", fs.Search{Last: most, Limit: 1}, every},
		{"two in each pass", fs.Search{Last: most, Limit: 2}, every},
		{"two in each pass, some", fs.Search{First: 13, Last: 17, Limit: 2}, []uint64{13, 15, 16, 17}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.q.Name = name
			if got := all(t, f.SearchXattrs(t.Context(), test.q)); !slices.Equal(got, test.want) {
				t.Errorf("found %d, want %d", got, test.want)
			}
		})
	}
}

func TestSearchKeepsTheIDsOfAnInodeApart(t *testing.T) {
	t.Parallel()
	const name = "scoutfs.srch.me"
	hash := format.SrchHash(name)
	b := testvolume.New(t)
	// Attributes 1 and 2 of inode 5 are both there; neither cancels the other.
	addSearchFiles(t, b,
		searchFile{format.KindSrchLog, []format.SrchEntry{{Hash: hash, Ino: 5, ID: 1}}},
		searchFile{format.KindSrchLog, []format.SrchEntry{{Hash: hash, Ino: 5, ID: 2}}},
	)
	got := all(t, load(t, b).SearchXattrs(t.Context(), fs.Search{Name: name, Last: most}))
	if !slices.Equal(got, []uint64{5}) {
		t.Errorf("found %d, want inode 5 once", got)
	}
}

func TestSearchNeedsItsTag(t *testing.T) {
	t.Parallel()
	f := load(t, testvolume.New(t))
	long := "scoutfs.srch." + string(make([]byte, 243))
	for name, want := range map[string]syscall.Errno{
		"scoutfs.srch.a":           0,
		"scoutfs.hide.srch.a":      0,
		"scoutfs.hide.a":           syscall.EINVAL,
		"scoutfs.srch.":            syscall.EINVAL,
		"scoutfs.srch.srch.a":      syscall.EINVAL,
		"scoutfs.srch.totl.indx.a": syscall.EINVAL,
		"user.srch.a":              syscall.EINVAL,
		"":                         syscall.EINVAL,
		long[:255]:                 0,
		long:                       syscall.EINVAL,
	} {
		var failure error
		for _, err := range f.SearchXattrs(t.Context(), fs.Search{Name: name, Last: most}) {
			failure = err
		}
		is(t, failure, want)
	}
}

func TestSearchFindsDamage(t *testing.T) {
	t.Parallel()
	const name = "scoutfs.srch.me"
	b := testvolume.New(t)
	addSearchFiles(t, b, searchFile{format.KindSrchLog, []format.SrchEntry{{Hash: format.SrchHash(name), Ino: 5}}})
	pair := b.Devices(t)
	f := loadDevices(t, pair)
	for source, err := range srch.Files(t.Context(), f.Snapshot().Blocks(), f.Super()) {
		if err != nil {
			t.Fatal(err)
		}
		_, ref, err := source.File.Leaf(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pair.Meta.WriteAt([]byte{1, 2, 3}, int64(ref.Blkno)<<format.LargeBlockShift+500); err != nil {
			t.Fatal(err)
		}
	}
	f = loadDevices(t, pair)
	n := 0
	for ino, err := range f.SearchXattrs(t.Context(), fs.Search{Name: name, Last: most}) {
		n++
		is(t, err, syscall.EIO)
		if ino != 0 {
			t.Errorf("found inode %d in a damaged file", ino)
		}
	}
	if n != 1 {
		t.Errorf("%d results, want one error", n)
	}
}
