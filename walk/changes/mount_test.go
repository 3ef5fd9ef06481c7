// SPDX-License-Identifier: GPL-2.0-or-later

package changes_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"scoutfs/engine"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/engine/ioctl"
	"scoutfs/internal/testimage"
	"scoutfs/walk/changes"
)

// fakeMount shows a volume on its devices as a mount would. Its functions,
// where they are set, come before what it does by itself.
type fakeMount struct {
	ioctl.Target
	fs        *fs.FS
	stat      func(ino uint64) error
	entries   func(q ioctl.GetReferringEntries) ([]ioctl.ReferringEntry, error)
	path      func(q ioctl.InoPath) error
	statfs    func() error
	committed uint64
	asked     map[string]int
}

var _ changes.Mount = (*fakeMount)(nil)

func newFakeMount(tb testing.TB, v *engine.Volume) *fakeMount {
	tb.Helper()
	f, err := v.FS(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return &fakeMount{Target: v.Target(), fs: f, asked: map[string]int{}}
}

func (m *fakeMount) StatfsMore(ctx context.Context) (ioctl.StatfsMoreResult, error) {
	if m.statfs != nil {
		if err := m.statfs(); err != nil {
			return ioctl.StatfsMoreResult{}, err
		}
	}
	r, err := m.Target.StatfsMore(ctx)
	if m.committed != 0 {
		r.CommittedSeq = m.committed
	}
	return r, err
}

func (m *fakeMount) Stat(ctx context.Context, ino uint64) (st unix.Stat_t, err error) {
	if m.stat != nil {
		if err := m.stat(ino); err != nil {
			return st, err
		}
	}
	in, err := m.fs.Inode(ctx, ino)
	if errors.Is(err, syscall.ENOENT) || in.Nlink == 0 {
		return st, syscall.ESTALE
	}
	if err != nil {
		return st, err
	}
	st.Mode, st.Uid, st.Gid = in.Mode, in.UID, in.GID
	st.Nlink = uint64(in.Nlink)
	st.Size, st.Blocks = int64(in.Size), int64(in.Blocks())
	st.Rdev = unix.Mkdev(format.SplitRdev(in.Rdev))
	st.Atim = unix.Timespec{Sec: in.Atime.Unix(), Nsec: int64(in.Atime.Nanosecond())}
	st.Mtim = unix.Timespec{Sec: in.Mtime.Unix(), Nsec: int64(in.Mtime.Nanosecond())}
	st.Ctim = unix.Timespec{Sec: in.Ctime.Unix(), Nsec: int64(in.Ctime.Nanosecond())}
	return st, nil
}

func (m *fakeMount) Xattrs(ctx context.Context, ino uint64, others []string) ([]ioctl.Xattr, error) {
	var all []ioctl.Xattr
	for x, err := range m.fs.Xattrs(ctx, ino, 0, 0) {
		if err != nil {
			return nil, err
		}
		if !x.Hidden() || slices.Contains(others, string(x.Name)) {
			all = append(all, ioctl.Xattr{Name: string(x.Name), Value: x.Value})
		}
	}
	return all, nil
}

func (m *fakeMount) GetReferringEntries(ctx context.Context, q ioctl.GetReferringEntries) ([]ioctl.ReferringEntry, error) {
	if m.entries != nil {
		if entries, err := m.entries(q); entries != nil || err != nil {
			return entries, err
		}
	}
	return m.Target.GetReferringEntries(ctx, q)
}

func (m *fakeMount) InoPath(ctx context.Context, q ioctl.InoPath) (ioctl.InoPathResult, error) {
	m.asked["path"]++
	if m.path != nil {
		if err := m.path(q); err != nil {
			return ioctl.InoPathResult{}, err
		}
	}
	return m.Target.InoPath(ctx, q)
}

// TestAMountGivesWhatDevicesGive compares both sources on images, for the last
// records of large ones. Inodes that
// take no requests have no archive attributes on a mount.
func TestAMountGivesWhatDevicesGive(t *testing.T) {
	t.Parallel()
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		t.Parallel()
		v := openImage(t, img, engine.Options{})
		opts := last(t, v, 4000)
		opts.Detail = changes.Detail{AllPaths: true, Xattrs: img.Name != "many"}
		want := collect(t, changes.New(changes.OnDevices(v), opts).Pass(t.Context()))
		for i := range want {
			a := &want[i].Attributes
			switch a.Mode & format.ModeTypeMask {
			case format.ModeRegular, format.ModeDirectory:
			default:
				*a = changes.Attributes{
					Mode: a.Mode, Nlink: a.Nlink, UID: a.UID, GID: a.GID, RdevMajor: a.RdevMajor, RdevMinor: a.RdevMinor,
					Size: a.Size, Blocks: a.Blocks, Atime: a.Atime, Mtime: a.Mtime, Ctime: a.Ctime,
				}
			}
		}
		feed := changes.New(changes.OnMount(newFakeMount(t, v)), opts)
		sameRecords(t, "on a mount", collect(t, feed.Pass(t.Context())), want)
	})
}

func TestWhatHappensOnAMountMeanwhile(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		change func(*fakeMount)
		want   map[uint64]string
	}{
		{"nothing", func(*fakeMount) {}, nil},
		{"an inode is deleted before it is looked at", func(m *fakeMount) {
			m.stat = func(ino uint64) error { return map[uint64]error{2049: syscall.ESTALE}[ino] }
		}, map[uint64]string{2049: "gone"}},
		{"its last name goes after it was looked at", func(m *fakeMount) {
			m.entries = func(q ioctl.GetReferringEntries) ([]ioctl.ReferringEntry, error) {
				if q.Ino == 2050 {
					return []ioctl.ReferringEntry{}, nil
				}
				return nil, nil
			}
		}, map[uint64]string{2050: "gone"}},
		{"its directory goes and it is elsewhere then", func(m *fakeMount) {
			first := true
			m.entries = func(q ioctl.GetReferringEntries) ([]ioctl.ReferringEntry, error) {
				if q.Ino == 2049 && first {
					first = false
					return []ioctl.ReferringEntry{{At: ioctl.DirPosition{Dir: 999, Pos: 2}, Ino: 2049, Name: "was here"}}, nil
				}
				return nil, nil
			}
		}, nil},
		{"its directory is gone for ever", func(m *fakeMount) {
			m.entries = func(q ioctl.GetReferringEntries) ([]ioctl.ReferringEntry, error) {
				if q.Ino == 2049 {
					return []ioctl.ReferringEntry{{At: ioctl.DirPosition{Dir: 999, Pos: 2}, Ino: 2049, Name: "lost"}}, nil
				}
				return nil, nil
			}
		}, map[uint64]string{2049: "failed: path of inode 2049: too many levels of symbolic links"}},
		{"an inode is damaged", func(m *fakeMount) {
			m.stat = func(ino uint64) error { return map[uint64]error{2048: syscall.EIO}[ino] }
		}, map[uint64]string{2048: "failed: input/output error"}},
		{"a path is too long", func(m *fakeMount) {
			m.path = func(q ioctl.InoPath) error { return map[uint64]error{1025: syscall.ENAMETOOLONG}[q.Ino] }
		}, map[uint64]string{2050: "failed: file name too long"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			m := newFakeMount(t, small(t).open(engine.Options{}))
			row.change(m)
			want := everything()
			for i := range want {
				if what, ok := row.want[want[i].ino]; ok {
					want[i].what = what
				}
			}
			feed := changes.New(changes.OnMount(m), changes.Options{})
			if got := briefs(t, feed.Pass(t.Context())); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestWhatAMountRefusesEndsThePass(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]func(*fakeMount){
		"the request for the last number": func(m *fakeMount) { m.statfs = func() error { return syscall.ENOTTY } },
		"looking at inodes":               func(m *fakeMount) { m.stat = func(uint64) error { return syscall.EPERM } },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newFakeMount(t, small(t).open(engine.Options{}))
			refuse(m)
			feed := changes.New(changes.OnMount(m), changes.Options{})
			records := 0
			var end error
			for c, err := range feed.Pass(t.Context()) {
				if c != nil {
					records++
				}
				end = err
			}
			if records != 0 || !errors.Is(end, syscall.ENOTTY) && !errors.Is(end, syscall.EPERM) {
				t.Errorf("%d records, then %v", records, end)
			}
			if feed.Position() != (changes.Position{}) {
				t.Errorf("it has moved on to %s", feed.Position())
			}
		})
	}
}

func TestAMountIsNotAskedBeyondWhatIsCommitted(t *testing.T) {
	t.Parallel()
	m := newFakeMount(t, small(t).open(engine.Options{}))
	m.committed = 7
	feed := changes.New(changes.OnMount(m), changes.Options{})
	if got := briefs(t, feed.Pass(t.Context())); !slices.Equal(got, everything()[:4]) {
		t.Errorf("got %v", got)
	}
	if next, _ := feed.Next(); next != 7 {
		t.Errorf("next is %d", next)
	}
}

// TestPathsOfDirectoriesAreAskedOnce has many files in few directories.
func TestPathsOfDirectoriesAreAskedOnce(t *testing.T) {
	t.Parallel()
	b := newBuilder(t)
	for dir := range uint64(3) {
		b.dir(1024+dir, 2)
		b.name(format.RootIno, 1024+dir, fmt.Sprint("dir", dir))
	}
	for i := range uint64(300) {
		b.file(2000+i, 3)
		b.name(1024+i%3, 2000+i, fmt.Sprint("file", i))
	}
	m := newFakeMount(t, b.open(engine.Options{}))
	got := briefs(t, changes.New(changes.OnMount(m), changes.Options{After: changes.AfterSeq(2)}).Pass(t.Context()))
	if len(got) != 300 || got[7].what != "/dir1/file7" {
		t.Errorf("%d records, one of them %v", len(got), got[min(7, len(got)-1)])
	}
	if m.asked["path"] != 3 {
		t.Errorf("asked for a path %d times", m.asked["path"])
	}
}

func TestVolumesWithoutProjectsAreAskedOnce(t *testing.T) {
	t.Parallel()
	b := small(t)
	b.Super.FmtVers.Set(1)
	for k, value := range b.Items {
		if k.Zone == format.ZoneFS && k.Type == format.TypeInode {
			b.Items[k] = value[:format.InodeSize(1)]
		}
	}
	m := newFakeMount(t, b.open(engine.Options{}))
	got := collect(t, changes.New(changes.OnMount(m), changes.Options{}).Pass(t.Context()))
	if len(got) != len(everything()) || !got[1].Archive || got[1].MetaSeq != 5 {
		t.Errorf("%d records, of which the second is %+v", len(got), got[1])
	}
}
