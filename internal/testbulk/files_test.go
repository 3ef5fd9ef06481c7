// SPDX-License-Identifier: GPL-2.0-or-later

package testbulk_test

import (
	"errors"
	"maps"
	"path"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/internal/testbulk"
)

// What EachFile tells of is what the volume has.
func TestEachFileIsInTheVolume(t *testing.T) {
	t.Parallel()
	o := testbulk.Options{Files: 3000}
	type kind struct{ files, bytes, blocks, xattrs int }
	want, got := map[uint32]kind{}, map[uint32]kind{}
	modes := map[uint64]uint32{}
	s := open(t, made(t, o))
	for it, err := range s.Items(t.Context(), format.AllKeys()) {
		if err != nil {
			t.Fatal(err)
		}
		ino := it.Key.First
		count := want[modes[ino]]
		switch format.KindOf(it.Key) {
		case format.KindInode:
			in, _, err := format.ViewInode(it.Value)
			if err != nil {
				t.Fatal(err)
			}
			modes[ino] = in.Mode.Get()
			if in.Nlink.Get() == 0 {
				modes[ino] = 0
			}
			count = want[modes[ino]]
			count.files++
			if in.Mode.Get()&format.ModeTypeMask == format.ModeRegular {
				count.bytes += int(in.Size.Get())
			}
		case format.KindDataExtent:
			e, err := format.ViewExact[format.DataExtent](it.Value)
			if err != nil {
				t.Fatal(err)
			}
			if e.Blkno.Get() != 0 {
				count.blocks += int(it.Key.DataExtent().Len)
			}
		case format.KindXattr:
			if it.Key.Fourth == 0 {
				count.xattrs++
			}
		default:
			continue
		}
		want[modes[ino]] = count
	}
	paths := map[string]bool{}
	err := testbulk.EachFile(o, func(f *testbulk.File) error {
		mode := f.Mode
		if mode&format.ModeTypeMask == format.ModeSymlink {
			mode |= 0o777
		}
		count := got[mode]
		count.files++
		count.bytes += int(f.Size)
		count.xattrs += len(f.Xattrs)
		for _, e := range f.Blocks {
			count.blocks += int(e.Len)
		}
		got[mode] = count
		if name := path.Join(f.Dir, f.Name); paths[name] {
			t.Errorf("%s is there twice", name)
		} else {
			paths[name] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for mode := range maps.Keys(want) {
		if mode == 0 || mode&format.ModeTypeMask == format.ModeDirectory {
			delete(want, mode)
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("by mode %v, the volume has %v", got, want)
	}
	enough := errors.New("enough")
	if err := testbulk.EachFile(o, func(*testbulk.File) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("error is %v", err)
	}
}
