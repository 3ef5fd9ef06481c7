// SPDX-License-Identifier: GPL-2.0-or-later

package items_test

import (
	"slices"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/format"
	"scoutfs/fsck/items"
	"scoutfs/fsck/problem"
	"scoutfs/internal/testtree"
	"scoutfs/internal/testvolume"
)

func TestSoundVolumeIsClean(t *testing.T) {
	t.Parallel()
	facts, found := check(t, small(t).Memory().Meta, items.Options{})
	for _, f := range found.wrong() {
		t.Errorf("%d %v: found %s, expected %s", f.Number, &f.Place, f.Found, f.Expected)
	}
	want := items.Facts{
		Items: facts.Items, Inodes: 10, Directories: 4, Files: 3, Symlinks: 2, Specials: 1, Orphans: 1, Names: 9, Xattrs: 8,
		Extents: 4, Online: 4, Unwritten: 4, Offline: 5,
	}
	if *facts != want {
		t.Errorf("counted %+v, want %+v", *facts, want)
	}
}

// damage is one thing that is wrong with the small volume, and what must be
// said about it: no more and no less.
type damage struct {
	name   string
	change func(v *testtree.Volume)
	super  func(s *format.Super)
	data   uint64 // blocks of the data device instead of dataBlocks
	want   []problem.Number
	ino    uint64 // of the first finding
	of     string // its name
}

func one(n problem.Number) []problem.Number { return []problem.Number{n} }

// run checks each damaged volume.
func run(t *testing.T, tests []damage) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := small(t)
			if test.change != nil {
				test.change(v)
			}
			pair := v.Memory()
			if test.super != nil {
				_, super, err := block.ReadSuper(pair.Meta)
				if err != nil {
					t.Fatal(err)
				}
				test.super(super)
				testvolume.WriteSuper(t, pair.Meta, super)
			}
			r, _ := volume(t, pair.Meta)
			r.DataBlocks = max(test.data, dataBlocks)
			_, found := check(t, pair.Meta, items.Options{Volume: r, Workers: 1})
			wrong := found.wrong()
			slices.SortFunc(wrong, func(a, b problem.Finding) int { return int(a.Number) - int(b.Number) })
			var numbers []problem.Number
			for _, f := range wrong {
				numbers = append(numbers, f.Number)
				if f.Found == "" || f.Expected == "" {
					t.Errorf("%d says nothing: %+v", f.Number, f)
				}
			}
			if !slices.Equal(numbers, test.want) {
				t.Errorf("found %v, want %v", numbers, test.want)
				for _, f := range wrong {
					t.Logf("%d %v: found %s, expected %s", f.Number, &f.Place, f.Found, f.Expected)
				}
				return
			}
			if len(wrong) > 0 && (wrong[0].Place.Ino != test.ino || wrong[0].Place.Name != test.of) {
				t.Errorf("it is of inode %d and name %q, want %d and %q", wrong[0].Place.Ino, wrong[0].Place.Name, test.ino, test.of)
			}
		})
	}
}

// entry is one of the items of the small volume's names.
type entry struct {
	in, ino, pos uint64
	name         string
	kind         uint8
}

func fileEntry() entry  { return entry{dir, file, 2, "file", format.DirentRegular} }
func subEntry() entry   { return entry{dir, sub, 6, "sub", format.DirentDirectory} }
func innerEntry() entry { return entry{sub, inner, 2, "inner", format.DirentRegular} }

func (e entry) dirent() format.Key {
	return format.DirentKey(e.in, format.DirentNameHash(e.name), e.pos)
}
func (e entry) readdir() format.Key { return format.ReaddirKey(e.in, e.pos) }
func (e entry) backref() format.Key { return format.LinkBackrefKey(e.ino, e.in, e.pos) }
func (e entry) value() []byte       { return testvolume.Dirent(e.pos, e.ino, e.kind, e.name) }

// with returns the entry's value after a change to its head.
func (e entry) with(change func(d *format.Dirent)) []byte {
	value := e.value()
	d, err := format.View[format.Dirent](value)
	if err != nil {
		panic(err)
	}
	change(d)
	return value
}

// setInode replaces an inode's item, and not what is stored of it elsewhere.
func setInode(v *testtree.Volume, ino uint64, change func(in *format.Inode)) {
	in := *v.Inode(ino)
	change(&in)
	v.Item(format.InodeKey(ino), format.Bytes(&in))
}
