// SPDX-License-Identifier: GPL-2.0-or-later

package items_test

import (
	"slices"
	"sync"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/engine/srch"
	"scoutfs/fsck/items"
	"scoutfs/fsck/problem"
	"scoutfs/fsck/structure"
	"scoutfs/internal/testblock"
	"scoutfs/internal/testtree"
)

const seed = 7

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

// wrong returns what is more than a note.
func (f *findings) wrong() []problem.Finding {
	table := problem.NewTable()
	return slices.DeleteFunc(slices.Clone(f.all), func(p problem.Finding) bool {
		return table.Describe(p.Number).Severity == problem.Note
	})
}

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
			var entries []format.SrchEntry
			d := srch.NewDecoder(leaf.Leaf)
			for e, ok := d.Next(); ok; e, ok = d.Next() {
				entries = append(entries, e)
			}
			search.Add(entries)
		}
	}
	return r, search
}

// The inodes of the small volume.
const (
	dir = format.FirstFreeIno + iota
	file
	short
	long
	char
	sub
	inner
	orphan
	empty
)

// dataBlocks is how many blocks the small volume's data device has: as many
// as its files, so that none are free.
const dataBlocks = format.FirstDataBlkno + 8

// small describes a volume with one of everything.
func small(t *testing.T) *testtree.Volume {
	t.Helper()
	v := testtree.New(t, 2)
	expect := func(got, want uint64) {
		if got != want {
			t.Fatalf("inode %d, want %d", got, want)
		}
	}
	expect(v.Dir(format.RootIno, "dir"), dir)
	expect(v.File(dir, "file", testtree.Text("some text"), testtree.Hole(2), testtree.Data(make([]byte, 3*4096)),
		testtree.Offline(5), testtree.Unwritten(4)), file)
	expect(v.Symlink(dir, "short", "target"), short)
	expect(v.Symlink(dir, "long", string(slices.Repeat([]byte("x/"), 1000))), long)
	expect(v.Device(dir, "char", format.ModeCharDevice|0o600, 1, 3), char)
	expect(v.Dir(dir, "sub"), sub)
	expect(v.File(sub, "inner"), inner)
	v.Link(sub, "another name", inner)
	expect(v.File(dir, "orphan"), orphan)
	expect(v.Dir(dir, "empty"), empty)

	v.Xattr(file, "user.a", "b")
	v.Xattr(file, "trusted.big", string(make([]byte, 3000)))
	v.Xattr(file, "scoutfs.totl.x.1.2.3", "5")
	v.Xattr(file, "scoutfs.indx.x.1.2", "")
	v.Xattr(file, "scoutfs.hide.h", "hidden")
	v.Xattr(inner, "scoutfs.totl.y.1.2.3", "0x10")
	v.Xattr(file, format.XattrACLAccess, acl())
	v.Xattr(dir, format.XattrACLDefault, acl())
	v.Item(format.TotlKey(1, 2, 3), total(21, 2))

	unlink(v, dir, orphan, "orphan")
	v.Inode(orphan).Nlink.Set(0)
	v.Item(format.OrphanKey(orphan), []byte{})

	rule := quotaRule()
	v.Item(format.QuotaRuleKey(rule.Hash(), 0), format.Bytes(rule))
	return v
}

// unlink takes off an inode's name, the last one in its directory.
func unlink(v *testtree.Volume, in, ino uint64, name string) {
	pos := position(name)
	v.Item(format.DirentKey(in, format.DirentNameHash(name), pos), nil)
	v.Item(format.ReaddirKey(in, pos), nil)
	v.Item(format.LinkBackrefKey(ino, in, pos), nil)
	v.Inode(in).Size.Set(v.Inode(in).Size.Get() - uint64(len(name)))
}

// position returns that of one of the small volume's names.
func position(name string) uint64 {
	positions := map[string]uint64{
		"dir": 2, "file": 2, "short": 3, "long": 4, "char": 5, "sub": 6, "orphan": 7, "empty": 8, "inner": 2, "another name": 3,
	}
	return positions[name]
}

func acl() string {
	var entries []byte
	add := func(tag, perm uint16, id uint32) {
		var e format.ACLEntry
		e.Tag.Set(tag)
		e.Perm.Set(perm)
		e.ID.Set(id)
		entries = append(entries, format.Bytes(&e)...)
	}
	var head format.ACLHead
	head.Version.Set(format.ACLVersion)
	add(format.ACLUserObj, 7, format.ACLUndefinedID)
	add(format.ACLUser, 6, 1000)
	add(format.ACLGroupObj, 5, format.ACLUndefinedID)
	add(format.ACLMask, 7, format.ACLUndefinedID)
	add(format.ACLOther, 4, format.ACLUndefinedID)
	return string(format.Bytes(&head)) + string(entries)
}

func total(sum, count uint64) []byte {
	var v format.XattrTotal
	v.Total.Set(sum)
	v.Count.Set(count)
	return format.Bytes(&v)
}

func quotaRule() *format.QuotaRule {
	r := &format.QuotaRule{Prio: 3, Op: format.QuotaOpData}
	r.Limit.Set(100)
	r.NameSource[1] = format.QuotaSourceUID
	r.NameFlags[1] = format.QuotaNameSelect
	r.NameVal[1].Set(1000)
	return r
}

// check checks a volume that a test describes. The options are completed.
func check(t *testing.T, meta device.Device, opts items.Options) (*items.Facts, *findings) {
	t.Helper()
	r, search := volume(t, meta)
	r.DataBlocks = dataBlocks
	found := &findings{}
	opts.Seed, opts.Report, opts.Search = seed, found.report, search
	if opts.Volume == nil {
		opts.Volume = r
	}
	opts.TempDir = t.TempDir()
	facts, err := items.Check(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return facts, found
}

// newReader reads blocks that a test has made.
func newReader(v *testblock.Volume) *block.Reader {
	return block.NewReader(v.Dev, block.Options{FSID: testblock.FSID})
}
