// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"fmt"
	"slices"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testlog"
)

// tagged is what tags have left in a volume.
type tagged struct {
	totals []fs.Total
	indx   []format.XattrIndx
	found  []uint64 // by searching for scoutfs.srch.s
}

func (v *writing) tagged() (got tagged) {
	v.tb.Helper()
	v.sync() // searches see what is committed
	f := fs.New(v.volume.Log.Committed(), nil)
	got.totals = all(v.tb, f.Totals(v.ctx, [3]uint64{}))
	got.indx = all(v.tb, f.XattrIndex(v.ctx, format.XattrIndx{}, format.XattrIndx{Major: 255, Minor: 1<<64 - 1, Ino: 1<<64 - 1, ID: 1<<64 - 1}))
	got.found = all(v.tb, f.SearchXattrs(v.ctx, fs.Search{Name: "scoutfs.srch.s", Last: 1<<64 - 1}))
	return got
}

// TestTagEffects goes through what may become of xattrs with tags, with a
// commit after each step or none.
func TestTagEffects(t *testing.T) {
	t.Parallel()
	const totl, srch, indx = "scoutfs.totl.x.1.2.3", "scoutfs.srch.s", "scoutfs.indx.i.7.0x9"
	sum := func(total, count uint64) []fs.Total {
		return []fs.Total{{Name: [3]uint64{1, 2, 3}, Total: total, Count: count}}
	}
	type step struct {
		file  int
		name  string
		value string
		op    string // set, remove or unlink
		want  func(ino []uint64) tagged
	}
	steps := []step{
		{0, totl, "10", "set", func([]uint64) tagged { return tagged{totals: sum(10, 1)} }},
		{1, totl, "0x20", "set", func([]uint64) tagged { return tagged{totals: sum(42, 2)} }},
		{0, totl, "5", "set", func([]uint64) tagged { return tagged{totals: sum(37, 2)} }},
		{0, totl, "05", "set", func([]uint64) tagged { return tagged{totals: sum(37, 2)} }},
		{1, totl, "18446744073709551615", "set", func([]uint64) tagged { return tagged{totals: sum(4, 2)} }},
		{0, totl, "", "remove", func([]uint64) tagged { return tagged{totals: sum(1<<64-1, 1)} }},
		{1, "", "", "unlink", func([]uint64) tagged { return tagged{} }},
		{0, srch, "any", "set", func(ino []uint64) tagged { return tagged{found: ino[:1]} }},
		{0, srch, "other", "set", func(ino []uint64) tagged { return tagged{found: ino[:1]} }},
		{2, srch, "", "set", func(ino []uint64) tagged { return tagged{found: []uint64{ino[0], ino[2]}} }},
		{0, srch, "", "remove", func(ino []uint64) tagged { return tagged{found: ino[2:3]} }},
		{0, srch, "again", "set", func(ino []uint64) tagged { return tagged{found: []uint64{ino[0], ino[2]}} }},
		{0, srch, "", "remove", func(ino []uint64) tagged { return tagged{found: ino[2:3]} }},
		{2, indx, "", "set", func(ino []uint64) tagged {
			return tagged{found: ino[2:3], indx: []format.XattrIndx{{Major: 7, Minor: 9, Ino: ino[2], ID: 1}}}
		}},
		{2, indx, "", "set", func(ino []uint64) tagged {
			return tagged{found: ino[2:3], indx: []format.XattrIndx{{Major: 7, Minor: 9, Ino: ino[2], ID: 1}}}
		}},
		{2, indx, "", "remove", func(ino []uint64) tagged { return tagged{found: ino[2:3]} }},
		{2, indx, "", "set", func(ino []uint64) tagged {
			return tagged{found: ino[2:3], indx: []format.XattrIndx{{Major: 7, Minor: 9, Ino: ino[2], ID: 2}}}
		}},
		{2, "", "", "unlink", func(ino []uint64) tagged { return tagged{} }},
		{3, "scoutfs.hide.srch.totl.1.2.3", "9", "set", func(ino []uint64) tagged { return tagged{totals: sum(9, 1)} }},
		{3, "", "", "unlink", func(ino []uint64) tagged { return tagged{} }},
	}
	for _, reopen := range []bool{false, true} {
		t.Run(fmt.Sprint("reopened is ", reopen), func(t *testing.T) {
			t.Parallel()
			v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
			files := numbered("file", 4)
			var ino []uint64
			for _, name := range files {
				ino = append(ino, v.create(format.RootIno, name, 0o644))
			}
			for i, s := range steps {
				switch s.op {
				case "set":
					v.must(v.SetXattr(v.ctx, rootCaller(), ino[s.file], s.name, []byte(s.value), 0))
				case "remove":
					v.must(v.RemoveXattr(v.ctx, rootCaller(), ino[s.file], s.name))
				case "unlink":
					v.must(v.Unlink(v.ctx, rootCaller(), format.RootIno, files[s.file]))
				}
				if reopen {
					v.reopen()
				}
				got, want := v.tagged(), s.want(ino)
				if !slices.Equal(got.totals, want.totals) || !slices.Equal(got.indx, want.indx) || !slices.Equal(got.found, want.found) {
					t.Fatalf("step %d, %s %s: there is %+v, want %+v", i, s.op, s.name, got, want)
				}
			}
			v.check()
		})
	}
}

// TestXattrChangesInode checks the fields of an inode whose xattrs change.
func TestXattrChangesInode(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
	ino := v.create(format.RootIno, "file", 0o644)
	tests := []struct {
		name    string
		do      func() error
		changed bool // ctime and version
		ids     uint64
	}{
		{"set", func() error { return v.SetXattr(v.ctx, rootCaller(), ino, "user.x", nil, 0) }, true, 1},
		{"set again", func() error { return v.SetXattr(v.ctx, rootCaller(), ino, "user.x", nil, 0) }, true, 0},
		{"removed", func() error { return v.RemoveXattr(v.ctx, rootCaller(), ino, "user.x") }, true, 0},
		{"indexed", func() error { return v.SetXattr(v.ctx, rootCaller(), ino, "scoutfs.indx.1.1", nil, 0) }, true, 1},
		{"indexed again", func() error { return v.SetXattr(v.ctx, rootCaller(), ino, "scoutfs.indx.1.1", nil, 0) }, false, 0},
		{"no ACL removed", func() error { return v.RemoveXattr(v.ctx, rootCaller(), ino, format.XattrACLAccess) }, false, 0},
	}
	for _, test := range tests {
		v.sync()
		want := v.inode(ino)
		v.tick()
		v.must(test.do())
		got := v.inode(ino)
		if got.MetaSeq <= want.MetaSeq {
			t.Errorf("%s: meta_seq is %d, was %d", test.name, got.MetaSeq, want.MetaSeq)
		}
		want.MetaSeq = got.MetaSeq
		want.NextXattrID += test.ids
		if test.changed {
			want.Version++
			want.Ctime = v.time()
		}
		if got != want {
			t.Errorf("%s: inode is\n%+v, want\n%+v", test.name, got, want)
		}
	}
	v.check()
}

func TestInjectedTotals(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
	name := [3]uint64{4, 5, 6}
	is(t, v.InjectTotlDelta(v.ctx, user(1), name, 1, 1), 1)
	for _, delta := range [][2]int64{{10, 1}, {-3, 0}, {-7, -1}} {
		v.must(v.InjectTotlDelta(v.ctx, rootCaller(), name, delta[0], delta[1]))
	}
	if got := v.tagged().totals; len(got) != 0 {
		t.Errorf("totals are %+v, want none", got)
	}
	v.must(v.InjectTotlDelta(v.ctx, rootCaller(), name, -5, 2))
	if got := v.tagged().totals; len(got) != 1 || int64(got[0].Total) != -5 || got[0].Count != 2 {
		t.Errorf("totals are %+v, want -5 of 2", got)
	}
	v.must(v.InjectTotlDelta(v.ctx, rootCaller(), name, 5, -2))
	v.check()
}
