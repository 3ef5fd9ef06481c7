// SPDX-License-Identifier: GPL-2.0-or-later

package changes_test

import (
	"bytes"
	"errors"
	"iter"
	"slices"
	"testing"

	"scoutfs/engine"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/ioctl"
	"scoutfs/internal/testblock"
	"scoutfs/internal/testimage"
	"scoutfs/internal/testsample"
	"scoutfs/internal/testvolume"
	"scoutfs/walk"
	"scoutfs/walk/changes"
)

// builder is a volume in the making whose inodes are in the meta_seq index.
type builder struct {
	*testvolume.Builder
	tb  testing.TB
	pos uint64 // of the last entry of any directory
	at  map[uint64]uint64
}

// newBuilder returns a volume with a root that changed at 1.
func newBuilder(tb testing.TB) *builder {
	tb.Helper()
	b := &builder{Builder: testvolume.New(tb), tb: tb, pos: 1, at: map[uint64]uint64{}}
	b.Super.Hdr.FSID.Set(testblock.FSID)
	b.change(format.RootIno, 1, format.ModeDirectory|0o755, nil)
	return b
}

// change writes an inode and moves it in the index.
func (b *builder) change(ino, seq uint64, mode uint32, more func(*format.Inode)) {
	if old, ok := b.at[ino]; ok {
		delete(b.Items, format.InodeIndexKey(format.TypeMetaSeq, old, ino))
	}
	b.at[ino] = seq
	b.Inode(ino, mode, func(in *format.Inode) {
		in.MetaSeq.Set(seq)
		if more != nil {
			more(in)
		}
	})
	b.Put(format.InodeIndexKey(format.TypeMetaSeq, seq, ino), nil)
}

// file makes or changes a regular file.
func (b *builder) file(ino, seq uint64) { b.change(ino, seq, format.ModeRegular|0o644, nil) }

// dir makes or changes a directory.
func (b *builder) dir(ino, seq uint64) { b.change(ino, seq, format.ModeDirectory|0o755, nil) }

// name adds an entry, of the kind of a regular file.
func (b *builder) name(dir, ino uint64, name string) (pos uint64) {
	b.pos++
	b.Link(dir, b.pos, ino, format.DirentRegular, name)
	return b.pos
}

// unname removes an entry.
func (b *builder) unname(dir, pos, ino uint64, name string) {
	delete(b.Items, format.DirentKey(dir, format.DirentNameHash(name), pos))
	delete(b.Items, format.ReaddirKey(dir, pos))
	delete(b.Items, format.LinkBackrefKey(ino, dir, pos))
}

// commit writes the volume as of a sequence number.
func (b *builder) commit(seq uint64) {
	b.tb.Helper()
	b.Super.Seq.Set(seq)
	b.Super.Hdr.Seq.Set(b.Super.Hdr.Seq.Get() + 1)
	b.Devices(b.tb)
}

// open opens the volume.
func (b *builder) open(opts engine.Options) *engine.Volume {
	b.tb.Helper()
	v, err := engine.OpenDevices(b.tb.Context(), b.Devices(b.tb), opts)
	if err != nil {
		b.tb.Fatal(err)
	}
	return v
}

// feed returns a feed on the volume's devices.
func (b *builder) feed(opts changes.Options) *changes.Feed {
	b.tb.Helper()
	return changes.New(changes.OnDevices(b.open(engine.Options{})), opts)
}

// openImage opens a test image.
func openImage(tb testing.TB, img testimage.Image, opts engine.Options) *engine.Volume {
	tb.Helper()
	v, err := engine.Open(tb.Context(), img.Meta, "", opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := v.Close(); err != nil {
			tb.Error(err)
		}
	})
	return v
}

// last returns options for a feed of the last n records of a volume, unless
// tests are to look at all of them.
func last(tb testing.TB, v *engine.Volume, n int) changes.Options {
	tb.Helper()
	var index []ioctl.InodeEntry
	for e, err := range walk.Inodes(tb.Context(), v.Target(), ioctl.IndexMetaSeq, ioctl.InodeEntry{}, ioctl.LastInodeEntry()) {
		if err != nil {
			tb.Fatal(err)
		}
		index = append(index, e)
	}
	if testsample.All() || len(index) <= n {
		return changes.Options{}
	}
	before := index[len(index)-n-1]
	return changes.Options{After: changes.Position{Seq: before.Major, Ino: before.Ino}}
}

// keep copies a record, which is good until the next one only.
func keep(c *changes.Change) changes.Change {
	own := *c
	own.Paths = slices.Clone(c.Paths)
	own.Xattrs = slices.Clone(c.Xattrs)
	for i := range own.Xattrs {
		own.Xattrs[i].Value = bytes.Clone(own.Xattrs[i].Value)
	}
	return own
}

// collect returns the records of a pass that has no errors.
func collect(tb testing.TB, pass iter.Seq2[*changes.Change, error]) []changes.Change {
	tb.Helper()
	var all []changes.Change
	for c, err := range pass {
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, keep(c))
	}
	return all
}

// brief is a record with its first path, or "gone", or its error.
type brief struct {
	seq, ino uint64
	what     string
}

// briefs returns the records of a pass.
func briefs(tb testing.TB, pass iter.Seq2[*changes.Change, error]) []brief {
	tb.Helper()
	var all []brief
	for c, err := range pass {
		if c == nil {
			tb.Fatal(err)
		}
		b := brief{c.At.Seq, c.At.Ino, "gone"}
		switch {
		case err != nil:
			b.what = errText(err)
		case !c.Gone:
			b.what = c.Paths[0]
		}
		all = append(all, b)
	}
	return all
}

// errText is the part of an error that a table expects.
func errText(err error) string {
	if corrupt, ok := errors.AsType[*format.CorruptError](err); ok {
		return "damaged: " + corrupt.Field + " is " + corrupt.Found
	}
	return "failed: " + err.Error()
}

// rewrite commits the volume to the blocks that it is in now: no reference to
// one of them is good any more.
func (b *builder) rewrite(seq uint64) {
	b.tb.Helper()
	b.Blocks.Rewind()
	b.commit(seq)
}

// flip changes a byte of a device.
func flip(dev device.Device, off int64) error {
	var b [1]byte
	if _, err := dev.ReadAt(b[:], off); err != nil {
		return err
	}
	b[0] ^= 0xff
	_, err := dev.WriteAt(b[:], off)
	return err
}
