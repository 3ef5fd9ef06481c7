// SPDX-License-Identifier: GPL-2.0-or-later

package testmodel

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"

	"scoutfs/engine/fs"
)

// Driver does random operations on a volume and on its model, and compares
// their results.
type Driver struct {
	Model  *Model
	Volume *Volume
	Clock  *Clock
	Random *rand.Rand
	Steps  int

	// Overwritten are the files of which blocks were written in place since
	// the driver's user emptied it: after a crash their content is old or new.
	Overwritten map[uint64]bool

	// Full says that free blocks run out: operations on data may fail with
	// ENOSPC, having done a part or nothing.
	Full bool
	// NoInject leaves out totals that no attribute stands for, which a check of
	// the volume finds fault with.
	NoInject bool

	// Large adds files of several MiB and inodes with thousands of attributes.
	Large bool

	// Last describes the last operation.
	Last string

	names, xattrs []string
	everything    []uint64 // inode numbers that the last operation touched
}

// NewDriver returns a driver of a volume whose model is known.
func NewDriver(m *Model, v *Volume, clock *Clock, random *rand.Rand) *Driver {
	return &Driver{
		Model: m, Volume: v, Clock: clock, Random: random,
		Overwritten: map[uint64]bool{},
		names:       names(), xattrs: xattrNames(),
	}
}

// operation is a kind of operation and how often it is done.
type operation struct {
	weight int
	do     func(*Driver, context.Context) error
}

func operations() []operation {
	return []operation{
		{12, (*Driver).create},
		{5, (*Driver).mkdir},
		{2, (*Driver).mknod},
		{3, (*Driver).symlink},
		{2, (*Driver).tmpfile},
		{4, (*Driver).link},
		{7, (*Driver).unlink},
		{3, (*Driver).rmdir},
		{8, (*Driver).rename},
		{3, (*Driver).open},
		{4, (*Driver).close},
		{5, (*Driver).setAttr},
		{16, (*Driver).setXattr},
		{6, (*Driver).removeXattr},
		{3, (*Driver).setACL},
		{18, (*Driver).write},
		{4, (*Driver).read},
		{6, (*Driver).truncate},
		{3, (*Driver).fallocate},
		{7, (*Driver).release},
		{8, (*Driver).stage},
		{4, (*Driver).setAttrX},
		{3, (*Driver).punchOffline},
		{3, (*Driver).moveBlocks},
		{1, (*Driver).addQuotaRule},
		{2, (*Driver).delQuotaRule},
		{1, (*Driver).inject},
	}
}

// Step does one random operation. The error says in which respect the volume
// does not do what the model does.
func (d *Driver) Step(ctx context.Context) error {
	all := operations()
	sum := 0
	for _, o := range all {
		sum += o.weight
	}
	pick := d.Random.IntN(sum)
	i := 0
	for ; pick >= all[i].weight; i++ {
		pick -= all[i].weight
	}
	do := all[i].do
	if d.Large && d.chance(300) {
		do = (*Driver).manyXattrs
	}
	d.Steps++
	d.Clock.Tick()
	d.everything = d.everything[:0]
	if err := do(d, ctx); err != nil {
		return fmt.Errorf("step %d, %s: %w", d.Steps, d.Last, err)
	}
	slices.Sort(d.everything)
	err := d.Volume.Writer.Read(ctx, func(f *fs.FS) error {
		return d.Model.Settle(ctx, f, slices.Compact(d.everything)...)
	})
	if err != nil {
		return fmt.Errorf("step %d, after %s: %w", d.Steps, d.Last, err)
	}
	return nil
}

func (d *Driver) touch(inos ...uint64) { d.everything = append(d.everything, inos...) }

func (d *Driver) say(text string, args ...any) { d.Last = fmt.Sprintf(text, args...) }

// compare compares the errno of the engine with those of the model. None means
// success.
func compare(err error, want ...syscall.Errno) error {
	want = slices.DeleteFunc(want, func(e syscall.Errno) bool { return e == 0 })
	got := errnoOf(err)
	switch {
	case got == 0 && len(want) == 0, slices.Contains(want, got):
		return nil
	case err == nil:
		return fmt.Errorf("it succeeds, want %v", want)
	case len(want) == 0:
		return fmt.Errorf("it fails, want success: %w", err)
	}
	return fmt.Errorf("it fails with %w, want %v", err, want)
}

// errnoOf is 0 for no error, and ErrOffline for what needs the archive.
func errnoOf(err error) syscall.Errno {
	if err == nil {
		return 0
	}
	if offline := (*fs.OfflineError)(nil); errors.As(err, &offline) {
		return ErrOffline
	}
	errno, ok := errors.AsType[syscall.Errno](err)
	if !ok {
		return syscall.EIO
	}
	return errno
}

// one picks one of a list.
func one[T any](d *Driver, list ...T) T { return list[d.Random.IntN(len(list))] }

// chance is true once in n times.
func (d *Driver) chance(n int) bool { return d.Random.IntN(n) == 0 }

// inode picks an inode for which want holds, or any, or rarely a number that
// none has.
func (d *Driver) inode(want func(*Inode) bool) uint64 {
	if d.chance(100) {
		return 1 << 40
	}
	inos := slices.DeleteFunc(d.Model.Inos(), func(ino uint64) bool { return d.Model.Inode(ino).Opaque })
	if !d.chance(12) {
		inos = slices.DeleteFunc(inos, func(ino uint64) bool { return !want(d.Model.Inode(ino)) })
	}
	if len(inos) == 0 {
		return 1 << 40
	}
	return inos[d.Random.IntN(len(inos))]
}

func (d *Driver) dir() uint64  { return d.inode((*Inode).IsDir) }
func (d *Driver) file() uint64 { return d.inode((*Inode).IsRegular) }
func (d *Driver) any() uint64  { return d.inode(func(*Inode) bool { return true }) }

// who picks a caller.
func (d *Driver) who() (Who, fs.Caller) {
	who := Who{UID: uint32(d.Random.IntN(3)), GID: uint32(d.Random.IntN(3)), Umask: one(d, uint32(0), 0o022, 0o077)}
	return who, fs.Caller{UID: who.UID, GID: who.GID, Umask: who.Umask, Admin: true}
}

// ranOut reports whether an operation failed for want of blocks where it may.
func (d *Driver) ranOut(err error) bool { return d.Full && errnoOf(err) == syscall.ENOSPC }

func root() fs.Caller { return fs.Root() }

// newName picks a name that a directory probably does not have, oldName one
// that it probably has.
func (d *Driver) newName(dir uint64) string {
	name := one(d, d.names...)
	if in := d.Model.Inode(dir); in != nil && in.Names[name] != 0 && !d.chance(4) {
		name = one(d, d.names...)
	}
	return name
}

func (d *Driver) oldName(dir uint64) string {
	if in := d.Model.Inode(dir); in != nil && len(in.Order) > 0 && !d.chance(12) {
		return one(d, in.Order...)
	}
	return one(d, d.names...)
}
