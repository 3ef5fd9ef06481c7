// SPDX-License-Identifier: GPL-2.0-or-later

package engine_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"scoutfs/engine"
	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/engine/ioctl"
	"scoutfs/internal/testblock"
	"scoutfs/internal/testvolume"
)

// mount writes a volume as a mount does: each commit goes to blocks that the
// last one has not, and only then may the blocks of the last one be used for
// other things, which they are at once. The commit n has a few inodes, all
// with the sequence number n.
type mount struct {
	tb      testing.TB
	b       *testvolume.Builder
	commits uint64
	deleted uint64       // an inode that commits no longer have
	old     []format.Ref // blocks of the last commit
	dev     device.Device
}

// inodes is how many inodes each commit has besides the root, numbered from
// 100.
const inodes = 30

func newMount(tb testing.TB) *mount {
	tb.Helper()
	m := &mount{tb: tb, b: testvolume.New(tb)}
	m.b.PerBlock = 40
	m.dev = m.b.Blocks.Dev
	m.commit()
	return m
}

func (m *mount) commit() {
	m.commits++
	n := m.commits
	maps.DeleteFunc(m.b.Items, func(k format.Key, _ []byte) bool { return k.Zone == format.ZoneInodeIndex })
	for ino := uint64(100); ino < 100+inodes; ino++ {
		if ino == m.deleted {
			delete(m.b.Items, format.InodeKey(ino))
			continue
		}
		m.b.Inode(ino, format.ModeRegular|0o644, func(in *format.Inode) { in.MetaSeq.Set(n) })
		m.b.Put(format.InodeIndexKey(format.TypeMetaSeq, n, ino), nil)
	}
	// A log tree for the snapshot to load.
	lt := new(format.LogTrees)
	lt.RID.Set(7)
	lt.Nr.Set(1)
	m.b.LogTrees[format.LogTreesKey(7, 1)] = format.Bytes(lt)
	m.b.Super.Seq.Set(n)
	m.b.Super.Hdr.Seq.Set(n)

	old, first := m.old, m.b.Blocks.NextRef().Blkno
	m.b.Devices(m.tb)
	m.old = nil
	for blkno := first; blkno < m.b.Blocks.NextRef().Blkno; blkno++ {
		m.old = append(m.old, format.Ref{Blkno: blkno})
	}
	for _, ref := range old {
		m.b.Blocks.Put(format.Ref{Blkno: ref.Blkno, Seq: n}, format.MagicBloom, testblock.NewBlock())
	}
}

func (m *mount) open(opts engine.Options) *engine.Volume {
	m.tb.Helper()
	// Without a cache every read finds out what the block is now.
	opts.CacheBytes = 1
	return open(m.tb, device.Pair{Meta: m.dev}, opts)
}

// count counts the inodes of a view, which must all be of one commit.
func count(ctx context.Context, view *fs.FS) (commit uint64, n int, err error) {
	for e, err := range view.InodeIndex(ctx, format.TypeMetaSeq, fs.IndexEntry{}, fs.IndexEntry{Seq: most, Ino: most}) {
		if err != nil {
			return commit, n, err
		}
		if n++; n > 1 && e.Seq != commit {
			return commit, n, errors.New("inodes of two commits")
		}
		commit = e.Seq
	}
	return commit, n, nil
}

func TestLiveReadsStartOverWhenBlocksAreUsedAgain(t *testing.T) {
	t.Parallel()
	for writes := range 10 {
		m := newMount(t)
		v := m.open(engine.Options{Live: true})
		calls := 0
		err := v.Read(t.Context(), func(view *fs.FS) error {
			if calls++; calls <= writes {
				m.commit()
			}
			commit, n, err := count(t.Context(), view)
			if err == nil && (n != inodes || commit != m.commits) {
				t.Errorf("%d inodes of commit %d, want %d of %d", n, commit, inodes, m.commits)
			}
			return err
		})
		if err != nil || calls != writes+1 {
			t.Errorf("written %d times: %d calls, error %v", writes, calls, err)
		}
	}
}

func TestLiveReadsGiveUpInTheEnd(t *testing.T) {
	t.Parallel()
	m := newMount(t)
	v := m.open(engine.Options{Live: true})
	calls := 0
	err := v.Read(t.Context(), func(view *fs.FS) error {
		calls++
		m.commit()
		_, _, err := count(t.Context(), view)
		return err
	})
	if !errors.Is(err, engine.ErrWritten) || !errors.Is(err, block.ErrStale) || calls != 10 {
		t.Errorf("%d calls, then %v", calls, err)
	}
	says(t, err, "10 times", "blkno")
}

// TestOthersFailWhenBlocksAreUsedAgain: who opened the volume as one that
// nobody writes is told that somebody does.
func TestOthersFailWhenBlocksAreUsedAgain(t *testing.T) {
	t.Parallel()
	m := newMount(t)
	v := m.open(engine.Options{})
	calls := 0
	err := v.Read(t.Context(), func(view *fs.FS) error {
		calls++
		m.commit()
		_, _, err := count(t.Context(), view)
		return err
	})
	if !errors.Is(err, engine.ErrWritten) || calls != 1 {
		t.Errorf("%d calls, then %v", calls, err)
	}
	says(t, err, "was written while it was being read", "blkno")
}

// TestDamageIsNotMistakenForWriting overwrites a block without a commit.
func TestDamageIsNotMistakenForWriting(t *testing.T) {
	t.Parallel()
	for _, live := range []bool{false, true} {
		m := newMount(t)
		v := m.open(engine.Options{Live: live})
		for _, ref := range m.old {
			if view, err := v.FS(t.Context()); err == nil && view.Super().FSRoot.Root().Ref.Blkno == ref.Blkno {
				m.b.Blocks.Put(format.Ref{Blkno: ref.Blkno, Seq: 1}, format.MagicBtree, testblock.NewBlock())
			}
		}
		calls := 0
		err := v.Read(t.Context(), func(view *fs.FS) error {
			calls++
			_, _, err := count(t.Context(), view)
			return err
		})
		if !errors.Is(err, block.ErrStale) || errors.Is(err, engine.ErrWritten) || calls != 1 {
			t.Errorf("live %v: %d calls, then %v", live, calls, err)
		}
		wants(t, err, syscall.EIO, "seq is 1")
	}
}

// watched is a device that tells of reads, and may change what they bring.
type watched struct {
	device.Device
	read func(p []byte, off int64)
}

func (w *watched) ReadAt(p []byte, off int64) (int, error) {
	n, err := w.Device.ReadAt(p, off)
	if err == nil && w.read != nil {
		w.read(p, off)
	}
	return n, err
}

// TestSnapshotsStartOverWhenBlocksAreUsedAgain commits between the read of a
// super and that of the blocks it leads to.
func TestSnapshotsStartOverWhenBlocksAreUsedAgain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		writes, want int // reads of the super; 0 for an error
	}{{0, 1}, {1, 2}, {9, 10}, {10, 0}, {1000, 0}} {
		m := newMount(t)
		w := &watched{Device: m.dev}
		m.dev = w
		v := m.open(engine.Options{Live: true})
		supers := 0
		w.read = func(_ []byte, off int64) {
			if off != superOffset {
				return
			}
			if supers++; supers <= test.writes {
				m.commit()
			}
		}
		view, err := v.FS(t.Context())
		if test.want == 0 {
			if !errors.Is(err, engine.ErrWritten) || supers != 10 {
				t.Errorf("%d writes: %d reads, error %v", test.writes, supers, err)
			}
			continue
		}
		if err != nil || supers != test.want || view.Super().Seq.Get() != m.commits {
			t.Errorf("%d writes: %d reads, error %v", test.writes, supers, err)
		}
	}
}

// TestSupersAreReadAgain has a super that is being written while it is read.
func TestSupersAreReadAgain(t *testing.T) {
	t.Parallel()
	m := newMount(t)
	torn := 0
	m.dev = &watched{Device: m.dev, read: func(p []byte, off int64) {
		if off == superOffset && torn == 0 {
			torn++
			clear(p[1000:])
		}
	}}
	m.open(engine.Options{Live: true})
	if torn != 1 {
		t.Error("the super was not read")
	}
}

func TestOnlyLiveVolumesMoveOn(t *testing.T) {
	t.Parallel()
	for _, live := range []bool{false, true} {
		m := newMount(t)
		v := open(t, device.Pair{Meta: m.dev}, engine.Options{Live: live}) // with a cache
		want := m.commits
		for range 3 {
			err := v.Read(t.Context(), func(view *fs.FS) error {
				commit, n, err := count(t.Context(), view)
				if err == nil && (commit != want || n != inodes) {
					t.Errorf("live %v: %d inodes of commit %d, want %d", live, n, commit, want)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			m.commit()
			if live {
				want = m.commits
			}
		}
	}
}

func TestFilesCanBeDeletedOnLiveVolumes(t *testing.T) {
	t.Parallel()
	m := newMount(t)
	target := m.open(engine.Options{Live: true}).Target()
	f, err := target.OpenIno(t.Context(), 100, os.O_RDONLY)
	if err != nil {
		t.Fatal(err)
	}
	m.commit()
	if more, err := f.StatMore(t.Context()); err != nil || more.MetaSeq != m.commits {
		t.Errorf("after a change: %+v, error %v, want commit %d", more, err, m.commits)
	}
	m.deleted = 100
	m.commit()
	for name, ask := range map[string]func() error{
		"STAT_MORE":        func() error { _, err := f.StatMore(t.Context()); return err },
		"GET_ATTR_X":       func() error { _, err := f.GetAttrX(t.Context(), ioctl.GetAttrX{Mask: ioctl.AttrSize}); return err },
		"LISTXATTR_HIDDEN": func() error { _, err := f.ListxattrHidden(t.Context(), ioctl.ListxattrHidden{Bytes: 100}); return err },
		"FIEMAP":           func() error { _, err := f.Fiemap(t.Context(), ioctl.Fiemap{Length: 1, Count: 1}); return err },
	} {
		err := ask()
		if !errors.Is(err, syscall.ESTALE) {
			t.Errorf("%s of a deleted file: %v", name, err)
		}
	}
}

// TestReadersBesideAWriter lets requests run while commits go on. No answer
// may mix two commits, or be older than one before it.
func TestReadersBesideAWriter(t *testing.T) {
	t.Parallel()
	m := newMount(t)
	volume := m.open(engine.Options{Live: true})
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Second)
	defer stop()
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			answers, last := 0, uint64(0)
			for ctx.Err() == nil {
				entries, err := volume.Target().WalkInodes(t.Context(), ioctl.WalkInodes{Last: ioctl.LastInodeEntry(), Count: 1000})
				switch {
				case errors.Is(err, engine.ErrWritten):
					continue // the writer was faster ten times
				case err != nil:
					t.Errorf("after %d answers: %v", answers, err)
					return
				case len(entries) == 0 || entries[0].Major < last || entries[0].Major != entries[len(entries)-1].Major:
					t.Errorf("%d entries after commit %d: %v", len(entries), last, entries)
					return
				case len(entries) != inodes:
					// Cut off before a block that was used again.
				default:
					answers++
				}
				last = entries[0].Major
			}
			if answers < 10 {
				t.Errorf("only %d answers", answers)
			}
		})
	}
	for ctx.Err() == nil && m.b.Blocks.Used() < testvolume.MetaBlocks-20 {
		m.commit()
		time.Sleep(3 * time.Millisecond)
	}
	readers.Wait()
}
