// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testblock"
	"scoutfs/internal/testsample"
	"scoutfs/internal/testvolume"
)

// rich has an item of every kind.
func rich(tb testing.TB) *testvolume.Builder {
	tb.Helper()
	b := striped(tb)
	maps.Copy(b.Items, tree(tb).Items)
	b.Link(1, 60, 5, format.DirentRegular, "striped")
	b.Xattr(5, 1, "user.small", []byte("v"))
	b.Xattr(5, 2, "scoutfs.hide.srch.large", value(3000))
	b.Xattr(5, 3, "user.end", nil)
	b.Symlink(40, strings.Repeat("./", 999)+"/d")
	b.Link(1, 61, 40, format.DirentSymlink, "long")
	b.Put(format.InodeIndexKey(format.TypeMetaSeq, 1, 1), nil)
	b.Put(format.InodeIndexKey(format.TypeDataSeq, 1, 5), nil)
	b.Put(format.OrphanKey(77), nil)
	b.Put(format.TotlKey(1, 2, 3), total(4, 1))
	b.Put(format.TotlKey(1, 2, 4), total(4, 1))
	b.Put(format.IndxKey(format.XattrIndx{Major: 1, Minor: 2, Ino: 5, ID: 3}), nil)
	for i := range byte(2) {
		r := rule(i, 5)
		b.Put(format.QuotaRuleKey(r.Hash(), 0), format.Bytes(&r))
	}
	entry := format.SrchEntry{Hash: format.SrchHash("scoutfs.hide.srch.large"), Ino: 5, ID: 2}
	addSearchFiles(tb, b, searchFile{format.KindSrchBlocks, []format.SrchEntry{entry}}, searchFile{format.KindLogTrees, nil})
	b.Mounts[format.MountedClientKey(3)] = format.Bytes(new(format.MountedClient))
	b.Srch[format.SrchPendingKey(8)] = format.Bytes(new(format.SrchCompact))
	b.Merge[format.LogMergeRequestKey(3, 1)] = format.Bytes(new(format.LogMergeRequest))
	return b
}

// readAll asks f everything about everything, and returns every error. It
// goes on after errors as far as sequences do.
func readAll(ctx context.Context, f *fs.FS) []error {
	errs, _ := readAndCount(ctx, f)
	return errs
}

// readAndCount is readAll and counts the answers that are no errors.
func readAndCount(ctx context.Context, f *fs.FS) (errs []error, answers int) {
	note := func(err error) {
		if err != nil && !errors.Is(err, io.EOF) {
			errs = append(errs, err)
		} else {
			answers++
		}
	}
	inodes := []fs.Inode{{Ino: 20}}
	for in, err := range f.Inodes(ctx, 0) {
		note(err)
		inodes = append(inodes, in)
	}
	for _, in := range inodes {
		for e, err := range f.Readdir(ctx, in.Ino, 0) {
			note(err)
			if err == nil {
				_, err = f.Lookup(ctx, in.Ino, e.Name)
				note(err)
			}
		}
		drain(f.Backrefs(ctx, in.Ino, 0, 0), note)
		drain(f.Paths(ctx, in.Ino, 0, 0), note)
		drain(f.Xattrs(ctx, in.Ino, 0, 0), note)
		drain(f.XattrNames(ctx, in.Ino, 0, 0), note)
		_, err := f.Xattr(ctx, in.Ino, "user.small")
		note(err)
		drain(f.Extents(ctx, in.Ino, 0), note)
		drain(f.Fiemap(ctx, in.Ino, 0), note)
		if in.IsSymlink() {
			_, err = f.Readlink(ctx, in)
			note(err)
		}
		if in.IsRegular() {
			for off := uint64(0); off < min(in.Size, 64*blk); off += blk {
				_, err = f.ReadAt(ctx, in, make([]byte, blk), off)
				note(err)
			}
			_, err = f.SeekData(ctx, in, 0)
			note(err)
			_, err = f.SeekHole(ctx, in, 0)
			note(err)
		}
	}
	for _, path := range []string{"d/e/g", "chain", "long", "striped", "up/e/../f"} {
		_, err := f.Resolve(ctx, path, true)
		note(err)
	}
	const end = 1<<64 - 1
	drain(f.AllocatedInos(ctx, 0, end), note)
	drain(f.Orphans(ctx, 0), note)
	drain(f.InodeIndex(ctx, format.TypeMetaSeq, fs.IndexEntry{}, fs.IndexEntry{Seq: end, Ino: end}), note)
	drain(f.InodeIndex(ctx, format.TypeDataSeq, fs.IndexEntry{}, fs.IndexEntry{Seq: end, Ino: end}), note)
	drain(f.XattrIndex(ctx, format.XattrIndx{}, format.XattrIndx{Major: 255, Minor: end, Ino: end, ID: end}), note)
	drain(f.Totals(ctx, [3]uint64{}), note)
	drain(f.QuotaRules(ctx, 0, 0), note)
	drain(f.SearchXattrs(ctx, fs.Search{Name: "scoutfs.hide.srch.large", Last: end, Verify: true}), note)
	drain(f.AllocDetail(ctx), note)
	drain(f.Mounts(ctx, 0), note)
	_, err := f.Statfs(ctx)
	note(err)
	_, err = f.CommittedSeq(ctx)
	note(err)
	return errs, answers
}

func drain[T any](seq iter.Seq2[T, error], note func(error)) {
	for _, err := range seq {
		note(err)
	}
}

// harmless are errors that readAll meets on a sound volume: not all inodes
// are files with data and that attribute, and two symbolic links lead nowhere.
func harmless(err error) bool {
	var corrupt *format.CorruptError
	return !errors.As(err, &corrupt) &&
		(errors.Is(err, syscall.ENODATA) || errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENXIO))
}

func TestSoundVolumeHasNoErrors(t *testing.T) {
	t.Parallel()
	for _, err := range readAll(t.Context(), load(t, rich(t))) {
		if !harmless(err) {
			t.Error(err)
		}
	}
}

// TestDamagedItems damages one item at a time. What is wrong must be said, with
// the kind of item and its key, and everything else must be read.
func TestDamagedItems(t *testing.T) {
	t.Parallel()
	edit := func(change func([]byte) []byte) func([]byte) []byte {
		return func(v []byte) []byte { return change(slices.Clone(v)) }
	}
	set := func(at int, v ...byte) func([]byte) []byte {
		return edit(func(b []byte) []byte { copy(b[at:], v); return b })
	}
	cut := func(n int) func([]byte) []byte { return edit(func(b []byte) []byte { return b[:len(b)-n] }) }
	grow := edit(func(b []byte) []byte { return append(b, 0) })
	gone := func([]byte) []byte { return nil }
	small := format.XattrKey(5, format.XattrNameHash("user.small"), 1, 0)
	large := func(part uint8) format.Key {
		return format.XattrKey(5, format.XattrNameHash("scoutfs.hide.srch.large"), 2, part)
	}
	extent := func(first, length uint64) format.Key {
		return format.DataExtentKey(5, format.Extent{Start: first, Len: length})
	}
	dirent := format.DirentKey(10, format.DirentNameHash("f"), 7)
	quota := rule(1, 5)
	// A damaged extent hides the rest of its file from reading and seeking,
	// which is asked for block by block; other items hide less.
	const maxLost = 20
	tests := []struct {
		name   string
		key    format.Key
		change func([]byte) []byte
		want   string // in the error, besides kind and key
		source string
		at     format.Key // where the error is, if not at key
	}{
		{name: "inode cut", key: format.InodeKey(20), change: cut(1), want: "value length is 167, expected 160 or 168"},
		{name: "inode with more", key: format.InodeKey(20), change: grow, want: "value length is 169"},
		{name: "dirent without a name", key: dirent, change: cut(1), want: "name length is 0, expected 1 to 255", source: format.SourceDirentNameLen},
		{name: "dirent cut", key: dirent, change: cut(20), source: format.SourceDirentNameLen},
		{name: "dirent with a long name", key: dirent, change: edit(func(b []byte) []byte { return append(b, make([]byte, 255)...) }), want: "name length is 256", source: format.SourceDirentNameLen},
		{name: "dirent of another position", key: dirent, change: set(16, 8), want: "pos is 8, expected 7"},
		{name: "dirent of another hash", key: dirent, change: set(8, 1, 2, 3), want: "hash"},
		{name: "dirent of unknown type", key: dirent, change: set(24, 8), want: "type is 8, expected less than 8"},
		{name: "dirent with a slash", key: dirent, change: set(32, '/'), want: `name is "/"`},
		{name: "readdir without a name", key: format.ReaddirKey(10, 7), change: cut(1), want: "name length", source: format.SourceDirentReaddirNameLen},
		{name: "readdir of another position", key: format.ReaddirKey(10, 7), change: set(16, 9), want: "pos is 9, expected 7"},
		{name: "readdir with a NUL", key: format.ReaddirKey(10, 7), change: set(32, 0), want: `name is "\x00"`},
		{name: "backref without a name", key: format.LinkBackrefKey(20, 10, 7), change: cut(1), want: "name length", source: format.SourceDirentBackrefNameLen},
		{name: "backref of another inode", key: format.LinkBackrefKey(20, 10, 7), change: set(0, 21), want: "ino is 21, expected 20"},
		{name: "symlink part missing", key: format.SymlinkKey(40, 1), change: gone, want: "item is missing, expected part 2 of 3", source: format.SourceSymlinkMissingItem},
		{name: "symlink's last part missing", key: format.SymlinkKey(40, 2), change: gone, want: "part 3 of 3", source: format.SourceSymlinkMissingItem},
		{name: "symlink part cut", key: format.SymlinkKey(40, 1), change: cut(1), want: "value length is 895, expected 896"},
		{name: "symlink's last part grown", key: format.SymlinkKey(40, 2), change: grow, want: "value length is 210, expected 209"},
		{name: "symlink without its NUL", key: format.SymlinkKey(40, 2), change: set(208, 'x'), want: "last byte is 120, expected 0", source: format.SourceSymlinkNotNullTerm, at: format.SymlinkKey(40, 0)},
		{name: "symlink of size 0", key: format.InodeKey(40), change: set(0, 0, 0), want: "size is 0, expected 1 to 4096", source: format.SourceSymlinkInodeSize, at: format.SymlinkKey(40, 0)},
		{name: "symlink of 4097 bytes", key: format.InodeKey(40), change: set(0, 1, 16), want: "size is 4097", source: format.SourceSymlinkInodeSize, at: format.SymlinkKey(40, 0)},
		{name: "xattr cut", key: small, change: cut(1), want: "length"},
		{name: "xattr without a name", key: small, change: set(2, 0), want: "name length is 0"},
		{name: "xattr with a name beyond its end", key: small, change: set(2, 200), want: "name length is 200"},
		{name: "xattr of another length", key: small, change: set(0, 2), want: "first part's length"},
		{name: "xattr without its first part", key: large(0), change: gone, want: "item is missing, expected part 0, for there is part 1"},
		{name: "xattr without a part", key: large(1), change: gone, want: "item is missing, expected part 2 of 4"},
		{name: "xattr without its last part", key: large(3), change: gone, want: "item is missing, expected part 4 of 4"},
		{name: "xattr with a part cut", key: large(2), change: cut(1), want: "value length is 895, expected 896"},
		{name: "xattr with its last part grown", key: large(3), change: grow, want: "value length"},
		{name: "extent cut", key: extent(8, 1), change: cut(1), want: "length is 15 bytes, expected 16 bytes"},
		{name: "extent of nothing", key: extent(5, 1), change: set(8, 0), want: "blkno 0 with flags 0"},
		{name: "extent offline with written blocks", key: extent(8, 1), change: set(8, 1), want: "blkno 150 with flags 0x1"},
		{name: "extent unwritten without blocks", key: extent(5, 1), change: set(8, 2), want: "blkno 0 with flags 0x2"},
		{name: "extent with an unknown flag", key: extent(8, 1), change: set(8, 4), want: "flags 0x4"},
		{name: "extent before the data", key: extent(8, 1), change: set(0, 63), want: "data blocks is 1 from 63 on, expected inside [64,4095]"},
		{name: "extent across the end of the device", key: extent(12, 2), change: set(0, 0xff, 0x0f), want: "data blocks is 2 from 4095 on"},
		{name: "total cut", key: format.TotlKey(1, 2, 4), change: cut(1), want: "length is 15 bytes"},
		{name: "quota rule cut", key: format.QuotaRuleKey(quota.Hash(), 0), change: cut(1), want: "length is 47 bytes"},
		{name: "quota rule of unknown operation", key: format.QuotaRuleKey(quota.Hash(), 0), change: set(33, 9), want: "op is 9"},
		{name: "quota rule of another hash", key: format.QuotaRuleKey(quota.Hash(), 0), change: set(24, 6), want: "hash"},
	}
	_, sound := readAndCount(t.Context(), load(t, rich(t)))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := rich(t)
			if b.Items[test.key] == nil {
				t.Fatalf("no item %v", test.key)
			}
			if v := test.change(b.Items[test.key]); v == nil {
				delete(b.Items, test.key)
			} else {
				b.Items[test.key] = v
			}
			errs, answers := readAndCount(t.Context(), load(t, b))
			found := damage(t, errs)
			if test.at == (format.Key{}) {
				test.at = test.key
			}
			if len(found) == 0 {
				t.Fatal("no error")
			}
			if lost := sound - answers; lost > maxLost {
				t.Errorf("%d of %d answers are missing, want %d at most", lost, sound, maxLost)
			}
			for _, e := range found {
				text := e.Error()
				for _, part := range []string{format.KindOf(test.at).String(), test.at.String(), test.want, test.source} {
					// Totals are added up below, by tree and key.
					if !strings.Contains(text, part) && (test.at.Zone != format.ZoneXattrTotl || part == test.want) {
						t.Errorf("error is %q, want one with %q", text, part)
					}
				}
				if !errors.Is(e, syscall.EIO) {
					t.Errorf("error %q is not EIO", text)
				}
			}
		})
	}
}

// damage returns the errors that are not harmless, all of which must be
// corruption.
func damage(tb testing.TB, errs []error) []error {
	tb.Helper()
	var found []error
	for _, err := range errs {
		if harmless(err) {
			continue
		}
		if _, ok := errors.AsType[*format.CorruptError](err); !ok {
			tb.Errorf("error is no corruption: %v", err)
		}
		found = append(found, err)
	}
	return found
}

func TestExtentsThatOverlap(t *testing.T) {
	t.Parallel()
	b := striped(t)
	b.Extent(5, 7, 3, 500, 0) // over 6-7 and 8
	f := load(t, b)
	var good []uint64
	var failure error
	for e, err := range f.Extents(t.Context(), 5, 0) {
		if err != nil {
			failure = err
			continue
		}
		good = append(good, e.Logical)
	}
	if failure == nil || !strings.Contains(failure.Error(), "first block is 7, expected at least 9") {
		t.Errorf("error is %v", failure)
	}
	if !slices.Equal(good, []uint64{0, 3, 5, 6, 8, 12}) {
		t.Errorf("extents at %d are read", good)
	}
	var mapped []uint64
	for e, err := range f.Fiemap(t.Context(), 5, 0) {
		if err == nil {
			mapped = append(mapped, e.Logical/blk)
		}
	}
	if !slices.Equal(mapped, good) {
		t.Errorf("extents at %d are mapped, want %d", mapped, good)
	}
}

func TestExtentKeysThatAreNoExtent(t *testing.T) {
	t.Parallel()
	for name, k := range map[string]format.Key{
		"no blocks":           {Zone: format.ZoneFS, First: 5, Type: format.TypeDataExtent, Second: 30},
		"before the start":    {Zone: format.ZoneFS, First: 5, Type: format.TypeDataExtent, Second: 30, Third: 32},
		"behind all blocks":   {Zone: format.ZoneFS, First: 5, Type: format.TypeDataExtent, Second: 1 << 52, Third: 1},
		"behind all numbers":  {Zone: format.ZoneFS, First: 5, Type: format.TypeDataExtent, Second: 1<<64 - 1, Third: 1},
		"longer than numbers": {Zone: format.ZoneFS, First: 5, Type: format.TypeDataExtent, Second: 30, Third: 1<<64 - 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := striped(t)
			b.Put(k, testvolume.Extent(0, offline))
			good := 0
			var failure error
			for _, err := range load(t, b).Extents(t.Context(), 5, 0) {
				if err != nil {
					failure = err
				} else {
					good++
				}
			}
			if failure == nil || !strings.Contains(failure.Error(), k.String()) || good != 6 {
				t.Errorf("%d extents and error %v, want 6 and one at %v", good, failure, k)
			}
		})
	}
}

// TestLoopsGoOnAfterDamagedItems reads what stands behind a damaged item, and
// takes the walk up from the place that came with the error.
func TestLoopsGoOnAfterDamagedItems(t *testing.T) {
	t.Parallel()
	b := rich(t)
	b.Items[format.ReaddirKey(1, 9)] = []byte("no entry")
	b.Items[format.InodeKey(11)] = []byte("no inode")
	delete(b.Items, format.XattrKey(5, format.XattrNameHash("scoutfs.hide.srch.large"), 2, 1))
	f := load(t, b)
	ctx := t.Context()

	var good []string
	for e, err := range f.Readdir(ctx, 1, 0) {
		if err == nil {
			good = append(good, string(e.Name))
			continue
		}
		if e.Dir != 1 || e.Pos != 9 {
			t.Errorf("error is at %+v, want position 9", e)
		}
		if rest := names(all(t, f.Readdir(ctx, 1, e.Pos+1))); len(rest) != 10 || rest[0] != "abs" {
			t.Errorf("behind the error are %q", rest)
		}
	}
	if len(good) != 11 {
		t.Errorf("%d sound entries, want 11: %q", len(good), good)
	}
	numbers := 0
	for in, err := range f.Inodes(ctx, 0) {
		if numbers++; (err != nil) != (in.Ino == 11) {
			t.Errorf("inode %d: %v", in.Ino, err)
		}
	}
	if numbers != 15 {
		t.Errorf("%d inodes, want 15 with the damaged one", numbers)
	}
	sound := 0
	for x, err := range f.Xattrs(ctx, 5, 0, 0) {
		if err == nil {
			sound++
		} else if x.ID != 2 || x.Hash != format.XattrNameHash("scoutfs.hide.srch.large") {
			t.Errorf("error is at %d.%d", x.Hash, x.ID)
		}
	}
	if sound != 2 || len(all(t, f.XattrNames(ctx, 5, 0, 0))) != 3 {
		t.Errorf("%d sound attributes, want 2, and 3 names", sound)
	}
}

// TestAnyItemValue replaces the value of each item in turn by bytes of all
// lengths. Nothing may panic or hang, and every error is corruption.
func TestAnyItemValue(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	keys := slices.SortedFunc(maps.Keys(rich(t).Items), format.Key.Compare)
	for _, k := range keys {
		for range testsample.Few(2, 6) {
			v := make([]byte, random.IntN(format.MaxBtreeValue+1))
			for i := range v {
				v[i] = byte(random.Uint32()) >> (random.Uint32() % 8)
			}
			b := rich(t)
			b.Items[k] = v
			checkErrors(t, readAll(t.Context(), load(t, b)), fmt.Sprintf("item %v of %d bytes", k, len(v)))
		}
	}
}

// TestDamagedBlocks changes bytes of each metadata block in turn, with the
// crc made right again and without. Without, all that is read from the block
// fails; with it, anything may be read, but nothing panics or hangs.
func TestDamagedBlocks(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	b := rich(t)
	pair := b.Devices(t)
	clean, ok := pair.Meta.(*device.Memory)
	if !ok {
		t.Fatal("not in memory")
	}
	for blkno := uint64(format.FirstMetaBlkno); blkno < format.FirstMetaBlkno+b.Blocks.Used(); blkno++ {
		for round := range 12 {
			meta := clean.Clone("meta")
			block := make([]byte, format.LargeBlockSize)
			if _, err := meta.ReadAt(block, int64(blkno)<<format.LargeBlockShift); err != nil {
				t.Fatal(err)
			}
			at := damagePlace(random, round)
			block[at] ^= byte(1 + random.IntN(255))
			sealed := round%3 != 0
			if sealed {
				format.Seal(block)
			}
			if _, err := meta.WriteAt(block, int64(blkno)<<format.LargeBlockShift); err != nil {
				t.Fatal(err)
			}
			what := fmt.Sprintf("byte %d of block %d, crc right: %v", at, blkno, sealed)
			errs := readDevices(t, device.Pair{Meta: meta, Data: pair.Data})
			checkErrors(t, errs, what)
			if !sealed && len(damage(t, errs)) == 0 {
				t.Errorf("%s: no error", what)
			}
		}
	}
}

// damagePlace picks a byte behind the crc: in the header, among the first
// items, or anywhere.
func damagePlace(random *rand.Rand, round int) int {
	switch round % 4 {
	case 0:
		return 4 + random.IntN(44)
	case 1, 2:
		return 48 + random.IntN(20*56)
	}
	return 48 + random.IntN(format.LargeBlockSize-48)
}

// readDevices is readAll of a volume that may not even load.
func readDevices(t *testing.T, pair device.Pair) []error {
	t.Helper()
	f, err := tryLoad(t.Context(), pair)
	if err != nil {
		return []error{err}
	}
	return readAll(t.Context(), f)
}

// checkErrors makes sure that errors are what the package says. On a damaged
// volume an inode can be anything.
func checkErrors(t *testing.T, errs []error, what string) {
	t.Helper()
	for _, err := range errs {
		var corrupt *format.CorruptError
		var failed *device.Error
		var errno syscall.Errno
		switch {
		case errors.As(err, &corrupt):
			if corrupt.Structure == "" || corrupt.Place == "" && corrupt.Field == "" {
				t.Errorf("%s: corruption without a place: %v", what, err)
			}
		case errors.As(err, &failed):
			t.Errorf("%s: device failed: %v", what, err)
		case !errors.As(err, &errno):
			t.Errorf("%s: no errno: %v", what, err)
		}
	}
}

func FuzzItem(f *testing.F) {
	for k, v := range rich(f).Items {
		f.Add(k.Zone, k.First, k.Type, k.Second, k.Third, k.Fourth, v)
	}
	f.Fuzz(func(t *testing.T, zone uint8, first uint64, typ uint8, second, third uint64, fourth uint8, value []byte) {
		k := format.Key{Zone: zone, First: first, Type: typ, Second: second, Third: third, Fourth: fourth}
		if len(value) > format.MaxBtreeValue {
			return
		}
		b := rich(t)
		b.Blocks = testblock.New(t, 64)
		b.Put(k, value)
		checkErrors(t, readAll(t.Context(), load(t, b)), k.String())
	})
}
