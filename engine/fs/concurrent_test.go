// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testlog"
)

// TestManyWriters lets goroutines change the same few directories at random,
// while others look at them and commit.
func TestManyWriters(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
	dirs := []uint64{format.RootIno}
	for _, name := range numbered("dir", 3) {
		dirs = append(dirs, v.mkdir(format.RootIno, name, 0o777))
	}
	v.must(v.AddQuotaRule(v.ctx, rootCaller(), quotaRule(format.QuotaOpInode, 0, 1, 0, "9", "9", "9")))
	var workers sync.WaitGroup
	for i := range 6 {
		workers.Go(func() {
			m := mischief{v: v, dirs: dirs, rng: rand.New(rand.NewPCG(7, uint64(i)))}
			for range 80 {
				if err := m.step(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	workers.Wait()
	if _, err := v.DeleteOrphans(v.ctx); err != nil {
		t.Error(err)
	}
	if got := v.orphans(); len(got) != 0 {
		t.Errorf("orphans are %d; nothing is open", got)
	}
	v.check()
}

// mischief is one goroutine of TestManyWriters.
type mischief struct {
	v    *writing
	dirs []uint64
	rng  *rand.Rand
}

// step makes one change. What others have done to the names meanwhile is no
// error.
func (m *mischief) step() error {
	v, ctx, who := m.v, m.v.ctx, rootCaller()
	dir, other := m.dirs[m.rng.IntN(len(m.dirs))], m.dirs[m.rng.IntN(len(m.dirs))]
	name, newName := fmt.Sprint("n", m.rng.IntN(12)), fmt.Sprint("n", m.rng.IntN(12))
	var err error
	switch m.rng.IntN(16) {
	case 0, 1, 2:
		_, err = v.Create(ctx, who, dir, name, 0o644)
	case 3:
		_, err = v.Mkdir(ctx, who, dir, name, 0o755)
	case 4:
		_, err = v.Symlink(ctx, who, dir, name, newName)
	case 5, 6:
		err = v.Unlink(ctx, who, dir, name)
	case 7:
		err = v.Rmdir(ctx, who, dir, name)
	case 8, 9:
		err = v.Rename(ctx, who, dir, name, other, newName, uint32(m.rng.IntN(2)))
	case 10:
		err = m.onInode(dir, name, func(ino uint64) error {
			_, err := v.Link(ctx, who, ino, other, newName)
			return err
		})
	case 11:
		err = m.onInode(dir, name, func(ino uint64) error {
			return v.SetXattr(ctx, who, ino, "scoutfs.srch.totl.1.2.3", fmt.Append(nil, m.rng.IntN(9)), 0)
		})
	case 12:
		err = m.onInode(dir, name, func(ino uint64) error {
			if err := v.Open(ctx, ino); err != nil {
				return err
			}
			_, err := v.Write(ctx, fs.ReadWrite(ino), []byte(name), uint64(m.rng.IntN(1<<16)))
			return errors.Join(err, v.Close(ctx, ino))
		})
	case 13:
		err = v.Sync(ctx)
	default:
		err = v.Read(ctx, func(r *fs.FS) error {
			for _, err := range r.Readdir(ctx, dir, 0) {
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	for _, fine := range []syscall.Errno{syscall.ENOENT, syscall.EEXIST, syscall.EISDIR, syscall.ENOTDIR, syscall.ENOTEMPTY, syscall.EPERM, syscall.EINVAL} {
		if errors.Is(err, fine) {
			return nil
		}
	}
	return err
}

func (m *mischief) onInode(dir uint64, name string, f func(ino uint64) error) error {
	var e fs.Entry
	err := m.v.Read(m.v.ctx, func(r *fs.FS) (err error) {
		e, err = r.Lookup(m.v.ctx, dir, []byte(name))
		return err
	})
	if err != nil {
		return err
	}
	return f(e.Ino)
}
