// SPDX-License-Identifier: GPL-2.0-or-later

package server_test

import (
	"context"
	"errors"
	"syscall"
	"testing"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/server"
	"scoutfs/internal/testcheck"
)

// faulty opens a volume on devices that fail as they are told.
func faulty(t *testing.T) (v *volume, meta, data *device.Faulty) {
	t.Helper()
	pair := makeVolume(t, 1<<17, 1<<20, nil)
	meta, data = device.NewFaulty(pair.Meta), device.NewFaulty(pair.Data)
	v = openVolume(t, device.Pair{Meta: meta, Data: data}, 11)
	v.begin()
	v.fill(t)
	v.commit()
	return v, meta, data
}

// fill makes a few files.
func (v *volume) fill(t *testing.T) {
	t.Helper()
	for range 3 {
		if _, err := v.create(2, 5); err != nil {
			t.Fatal(err)
		}
	}
}

const superAt = format.SuperBlkno << format.SmallBlockShift

// What fails before the super is written leaves everything as it was, and the
// same commit can be made again.
func TestACommitThatFailsCanBeMadeAgain(t *testing.T) {
	t.Parallel()
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	broken := errors.New("broken")
	for _, test := range []struct {
		name   string
		commit func(v *volume, meta *device.Faulty) error
		want   error
	}{
		{"a write of metadata", func(v *volume, meta *device.Faulty) error {
			meta.Add(device.Fault{Op: device.OpWrite, Off: 2 << format.LargeBlockShift, Len: 1 << 40, Count: 1})
			return v.tryCommit()
		}, syscall.EIO},
		{"the last write of metadata", func(v *volume, meta *device.Faulty) error {
			meta.Add(device.Fault{Op: device.OpWrite, Off: 2 << format.LargeBlockShift, Len: 1 << 40, After: 1, Count: 1, Done: 4096})
			return v.tryCommit()
		}, syscall.EIO},
		{"a flush of metadata", func(v *volume, meta *device.Faulty) error {
			meta.Add(device.Fault{Op: device.OpFlush, Count: 1})
			return v.tryCommit()
		}, syscall.EIO},
		{"the change", func(v *volume, _ *device.Faulty) error {
			return v.server.Commit(t.Context(), func(ctx context.Context, c *server.Commit) error {
				return errors.Join(v.apply(ctx, c), broken)
			})
		}, broken},
		{"its context", func(v *volume, _ *device.Faulty) error {
			return v.server.Commit(canceled, v.apply)
		}, context.Canceled},
		{"too many blocks", func(v *volume, _ *device.Faulty) error {
			return v.server.Commit(t.Context(), func(ctx context.Context, c *server.Commit) error {
				for room := c.Room(); room >= 0; room-- {
					if _, _, err := c.Blocks.New(ctx, format.MagicBloom); err != nil {
						if room > 0 {
							t.Errorf("no block though there is room for %d", room)
						}
						return err
					}
				}
				t.Error("more blocks than there is room for")
				return nil
			})
		}, syscall.ENOSPC},
		{"blocks freed twice", func(v *volume, _ *device.Faulty) error {
			return v.server.Commit(t.Context(), func(ctx context.Context, c *server.Commit) error {
				c.FreeMeta(format.Extent{Start: 1000, Len: 3}, format.Extent{Start: 1002, Len: 1})
				return nil
			})
		}, syscall.EIO},
		{"blocks freed beyond the device", func(v *volume, _ *device.Faulty) error {
			return v.server.Commit(t.Context(), func(ctx context.Context, c *server.Commit) error {
				c.FreeMeta(format.Extent{Start: 1<<17 - 1, Len: 2})
				return nil
			})
		}, syscall.EIO},
		{"blocks freed that are free", func(v *volume, _ *device.Faulty) error {
			return v.server.Commit(t.Context(), func(ctx context.Context, c *server.Commit) error {
				c.FreeMeta(format.Extent{Start: 1 << 16, Len: 1})
				return nil
			})
		}, syscall.EIO},
	} {
		v, meta, _ := faulty(t)
		before, room := *v.server.Super(), v.server.Room()
		freeMeta, freeData := free(t, v)
		v.begin()
		v.fill(t)
		err := test.commit(v, meta)
		if !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
		if *v.server.Super() != before {
			t.Errorf("%s: the super has changed", test.name)
		}
		if m, d := free(t, v); m != freeMeta || d != freeData {
			t.Errorf("%s: %d and %d blocks are free, before %d and %d", test.name, m, d, freeMeta, freeData)
		}
		if got := v.server.Room(); got > room || got+100 < room {
			t.Errorf("%s: room for %d blocks, before for %d", test.name, got, room)
		}
		testcheck.Clean(t, v.pair)
		v.commit()
		testcheck.Clean(t, v.pair)
		v.begin()
		for ino := range v.files {
			v.remove(ino)
		}
		v.commit()
		testcheck.Clean(t, v.pair)
	}
}

// When nobody knows what is on the device, the server commits no more. The
// volume is sound, and opening it again tells which of the two states it has.
func TestNoCommitFollowsAnUncertainOne(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		fail func(meta, data *device.Faulty)
		done bool // the new state is on the device
	}{
		{"the super is not written", func(meta, _ *device.Faulty) {
			meta.Add(device.Fault{Op: device.OpWrite, Off: superAt, Len: 1, Count: 1})
		}, false},
		{"the super is not flushed", func(meta, _ *device.Faulty) {
			meta.Add(device.Fault{Op: device.OpFlush, After: 1, Count: 1})
		}, true},
		{"file data is not flushed", func(_, data *device.Faulty) {
			data.Add(device.Fault{Op: device.OpFlush, Count: 1})
		}, false},
	} {
		v, meta, data := faulty(t)
		before := v.server.Super().Hdr.Seq.Get()
		test.fail(meta, data)
		v.begin()
		v.fill(t)
		err := v.tryCommit()
		if _, ok := errors.AsType[*server.UncertainError](err); !ok || !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: %v", test.name, err)
		}
		writes := device.NewPairRecorder(v.pair)
		if again := v.tryCommit(); !errors.Is(again, err) || writes.Len() > 0 {
			t.Errorf("%s: a later commit: %v", test.name, again)
		}
		if got := v.server.Super().Hdr.Seq.Get(); got != before {
			t.Errorf("%s: the server has super %d, want %d", test.name, got, before)
		}
		testcheck.Clean(t, v.pair)
		again := openVolume(t, v.pair, 12)
		if got := again.server.Super().Hdr.Seq.Get() != before; got != test.done {
			t.Errorf("%s: the new state is there: %v", test.name, got)
		}
		again.begin()
		again.fill(t)
		again.commit()
		testcheck.Clean(t, v.pair)
	}
}

func TestAClosedServerCommitsNoMore(t *testing.T) {
	t.Parallel()
	v := openVolume(t, makeVolume(t, 1<<17, 1<<20, nil), 1)
	if err := v.server.Close(); err != nil {
		t.Fatal(err)
	}
	if err := v.tryCommit(); !errors.Is(err, server.ErrClosed) {
		t.Errorf("commit after close: %v", err)
	}
}

// Free extents that lie outside the device do not get into the lists, where they
// would keep the volume from being opened.
func TestDamagedFreeExtentsAreNotUsed(t *testing.T) {
	t.Parallel()
	pair := makeVolume(t, 1<<17, 1<<16, nil)
	changeSuper(t, pair.Meta, func(s *format.Super) { s.TotalMetaBlocks.Set(20_000) })
	v := openVolume(t, pair, 1)
	for range 50 {
		v.begin()
		_, err := v.create(1, 1)
		if err == nil {
			err = v.server.Commit(t.Context(), func(ctx context.Context, c *server.Commit) error {
				for range min(2000, c.Room()) {
					if _, _, err := c.Blocks.New(ctx, format.MagicBtree); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err == nil {
			continue
		}
		if damage := (*format.CorruptError)(nil); !errors.As(err, &damage) {
			t.Fatalf("error %v", err)
		}
		if _, err := openServer(t, pair, 2); err != nil {
			t.Errorf("opened again: %v", err)
		}
		return
	}
	t.Error("no commit failed")
}

// Blocks that are free by the lists of a commit cannot become free once more.
func TestFreeBlocksAreNotFreedAgain(t *testing.T) {
	t.Parallel()
	v := openVolume(t, makeVolume(t, 1<<17, 1<<16, nil), 1)
	v.commit()
	for name, change := range map[string]func(ctx context.Context, c *server.Commit) error{
		"a block to be allocated": func(ctx context.Context, c *server.Commit) error {
			_, ref, err := c.Blocks.New(ctx, format.MagicBtree)
			c.FreeMeta(format.Extent{Start: ref.Blkno + 1, Len: 1})
			return err
		},
		"a block that was given up": func(ctx context.Context, c *server.Commit) error {
			ref := c.Super.FSRoot.Ref.Ref()
			_, _, err := c.Blocks.Change(ctx, ref, format.MagicBtree)
			c.FreeMeta(format.Extent{Start: ref.Blkno, Len: 1})
			return err
		},
	} {
		if damage := (*format.CorruptError)(nil); !errors.As(v.server.Commit(t.Context(), change), &damage) {
			t.Errorf("%s: no error", name)
		}
	}
	v.commit()
	testcheck.Clean(t, v.pair)
}
