// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testlog"
)

// writing is a volume that a test writes.
type writing struct {
	*fs.Writer
	volume *testlog.Volume
	tb     testing.TB
	ctx    context.Context
	now    atomic.Int64 // seconds
	opts   fs.WriterOptions
}

func newWriting(tb testing.TB, o testlog.Options, wo fs.WriterOptions) *writing {
	tb.Helper()
	v := &writing{volume: testlog.New(tb, o), tb: tb, ctx: tb.Context(), opts: wo}
	v.now.Store(1_700_000_000)
	v.opts.Clock = v.time
	v.Writer = fs.NewWriter(v.volume.Log, v.volume.Pair.Data, v.opts)
	return v
}

func (v *writing) time() time.Time { return time.Unix(v.now.Load(), 5) }

// tick lets a second pass.
func (v *writing) tick() { v.now.Add(1) }

// check closes the volume and fails the test if anything is wrong with it.
func (v *writing) check() { v.tb.Helper(); v.volume.Check(v.tb) }

func (v *writing) reopen() {
	v.tb.Helper()
	v.volume.Reopen(v.tb)
	v.Writer = fs.NewWriter(v.volume.Log, v.volume.Pair.Data, v.opts)
}

func (v *writing) must(err error) {
	v.tb.Helper()
	if err != nil {
		v.tb.Fatal(err)
	}
}

func (v *writing) sync() { v.tb.Helper(); v.must(v.Sync(v.ctx)) }

// view calls f with the filesystem as it is.
func (v *writing) view(f func(f *fs.FS)) {
	v.tb.Helper()
	v.must(v.Read(v.ctx, func(r *fs.FS) error {
		f(r)
		return nil
	}))
}

func (v *writing) inode(ino uint64) (in fs.Inode) {
	v.tb.Helper()
	v.view(func(f *fs.FS) { in = inode(v.tb, f, ino) })
	return in
}

func (v *writing) list(dir uint64) (list []string) {
	v.tb.Helper()
	v.view(func(f *fs.FS) { list = names(all(v.tb, f.Readdir(v.ctx, dir, 0))) })
	return list
}

// exists reports whether there is an inode.
func (v *writing) exists(ino uint64) (ok bool) {
	v.tb.Helper()
	v.view(func(f *fs.FS) {
		_, err := f.Inode(v.ctx, ino)
		ok = err == nil
	})
	return ok
}

// items returns all items of the filesystem.
func (v *writing) items(within format.Range) (list []forest.Item) {
	v.tb.Helper()
	v.must(v.volume.Log.Read(v.ctx, func(s *forest.Snapshot) error {
		for it, err := range s.Items(v.ctx, within) {
			if err != nil {
				return err
			}
			it.Value = bytes.Clone(it.Value)
			list = append(list, it)
		}
		return nil
	}))
	return list
}

func sameItems(a, b []forest.Item) bool {
	return slices.EqualFunc(a, b, func(a, b forest.Item) bool {
		return a.Key == b.Key && a.Seq == b.Seq && bytes.Equal(a.Value, b.Value)
	})
}

// user is a caller without privileges whose group has the same number.
func user(id uint32) fs.Caller { return fs.Caller{UID: id, GID: id, Umask: 0o022} }

func (v *writing) mkdir(dir uint64, name string, mode uint32) uint64 {
	v.tb.Helper()
	return v.made(v.Mkdir(v.ctx, rootCaller(), dir, name, mode))
}

func (v *writing) create(dir uint64, name string, mode uint32) uint64 {
	v.tb.Helper()
	return v.made(v.Create(v.ctx, rootCaller(), dir, name, mode))
}

func (v *writing) made(in fs.Inode, err error) uint64 {
	v.tb.Helper()
	v.must(err)
	return in.Ino
}

// chown gives an inode away.
func (v *writing) chown(ino uint64, uid, gid, mode uint32) {
	v.tb.Helper()
	_, err := v.SetAttr(v.ctx, rootCaller(), ino, fs.Attr{Mask: fs.AttrUID | fs.AttrGID, UID: uid, GID: gid})
	v.must(err)
	_, err = v.SetAttr(v.ctx, rootCaller(), ino, fs.Attr{Mask: fs.AttrMode, Mode: mode})
	v.must(err)
}

// rootCaller is the superuser whose umask leaves modes alone.
func rootCaller() fs.Caller { return fs.Caller{Admin: true} }

// numbered returns name0, name1 and so on.
func numbered(name string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint(name, i)
	}
	return list
}
