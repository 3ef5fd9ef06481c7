// SPDX-License-Identifier: GPL-2.0-or-later

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"scoutfs/engine"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/engine/ioctl"
	"scoutfs/engine/server"
	"scoutfs/internal/testwrite"
)

// create makes a file with data in the root of a volume.
func create(t *testing.T, v *testwrite.Volume, name string, data []byte) {
	t.Helper()
	in, err := v.Writer().Create(t.Context(), fs.Root(), format.RootIno, name, 0o644)
	if err == nil {
		_, err = v.Writer().Write(t.Context(), fs.ReadWrite(in.Ino), data, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// change opens a file for writing and lets do change it.
func change(t *testing.T, target ioctl.Target, name string, do func(ioctl.File) error) error {
	t.Helper()
	f, err := target.OpenPath(t.Context(), name, os.O_RDWR)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}()
	return do(f)
}

func statMore(t *testing.T, target ioctl.Target, name string) ioctl.StatMoreResult {
	t.Helper()
	f := openFile(t, target, name)
	st, err := f.StatMore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// What requests change is seen at once, and by the next process.
func TestRequestsChangeAVolume(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	v := testwrite.New(t, 2)
	data := bytes.Repeat([]byte("archived"), 1<<11) // 4 blocks
	for _, name := range []string{"f", "g"} {
		create(t, v, name, data)
	}
	create(t, v, "restored", nil)
	rule := ioctl.QuotaRule{Prio: 1, Names: [3]ioctl.QuotaName{{Value: 1}, {Value: 2}, {Value: 3}}, Limit: 5}
	changes := []struct {
		name string
		do   func(ioctl.Target) error
	}{
		{"release", func(target ioctl.Target) error {
			return change(t, target, "f", func(f ioctl.File) error { return f.Release(ctx, ioctl.Release{Length: 4 << 12, DataVersion: 1}) })
		}},
		{"stage", func(target ioctl.Target) error {
			return change(t, target, "f", func(f ioctl.File) error {
				n, err := f.Stage(ctx, ioctl.Stage{Data: data[:2<<12], DataVersion: 1})
				if err == nil && n != 2<<12 {
					t.Errorf("staged %d bytes", n)
				}
				return err
			})
		}},
		{"size and offline", func(target ioctl.Target) error {
			return change(t, target, "restored", func(f ioctl.File) error {
				return f.SetattrMore(ctx, ioctl.SetattrMore{DataVersion: 9, Size: 1 << 20, Flags: ioctl.SetattrOffline, Ctime: ioctl.Timespec{Sec: 3}, Crtime: ioctl.Timespec{Sec: 4}})
			})
		}},
		{"punch", func(target ioctl.Target) error {
			return change(t, target, "restored", func(f ioctl.File) error {
				return f.PunchOffline(ctx, ioctl.PunchOffline{Length: 1 << 12, DataVersion: 9})
			})
		}},
		{"move", func(target ioctl.Target) error {
			return change(t, target, "restored", func(f ioctl.File) error {
				return change(t, target, "g", func(g ioctl.File) error {
					return f.MoveBlocks(ctx, g, ioctl.MoveBlocks{Length: 1 << 12, FromOffset: 1 << 12, ToOffset: 2 << 12, DataVersion: 9, Flags: ioctl.MoveStage})
				})
			})
		}},
		{"project and retention", func(target ioctl.Target) error {
			return change(t, target, "g", func(f ioctl.File) error {
				return f.SetAttrX(ctx, ioctl.SetAttrX{Mask: ioctl.AttrProjectID | ioctl.AttrRetention, ProjectID: 77, Retention: true})
			})
		}},
		{"rule", func(target ioctl.Target) error { return target.AddQuotaRule(ctx, ioctl.AddQuotaRule{Rule: rule}) }},
	}
	for _, c := range changes {
		if err := c.do(v.Target()); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
	}
	for _, when := range []string{"at once", "after opening again"} {
		target := v.Target()
		if st := statMore(t, target, "f"); st.OnlineBlocks != 2 || st.OfflineBlocks != 2 || st.DataVersion != 1 {
			t.Errorf("%s, f: %+v", when, st)
		}
		if st := statMore(t, target, "g"); st.OnlineBlocks != 3 {
			t.Errorf("%s, g: %+v", when, st)
		}
		if st := statMore(t, target, "restored"); st.OnlineBlocks != 1 || st.OfflineBlocks != 254 || st.DataVersion != 9 || st.Crtime.Sec != 4 {
			t.Errorf("%s, restored: %+v", when, st)
		}
		x, err := openFile(t, target, "g").GetAttrX(ctx, ioctl.GetAttrX{Mask: ioctl.AttrProjectID | ioctl.AttrRetention})
		if err != nil || x.ProjectID != 77 || !x.Retention {
			t.Errorf("%s, g: %+v, %v", when, x, err)
		}
		rules, err := target.GetQuotaRules(ctx, ioctl.GetQuotaRules{Count: 5})
		if err != nil || len(rules.Rules) != 1 || rules.Rules[0] != rule {
			t.Errorf("%s, rules: %+v, %v", when, rules, err)
		}
		v.Reopen(t)
	}
	if err := v.Target().DelQuotaRule(ctx, ioctl.DelQuotaRule{Rule: rule}); err != nil {
		t.Error(err)
	}
	if err := v.Merge(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if st := statMore(t, v.Target(), "restored"); st.OfflineBlocks != 254 {
		t.Errorf("merged, restored: %+v", st)
	}
	v.Check(t)
}

func TestRequestsThatFail(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	v, other := testwrite.New(t, 1), testwrite.New(t, 2)
	create(t, v, "f", make([]byte, 1<<12))
	create(t, other, "f", make([]byte, 1<<12))
	target := v.Target()
	theirs, err := other.Target().OpenPath(ctx, "f", os.O_RDWR)
	if err != nil {
		t.Fatal(err)
	}
	readOnly := openFile(t, target, "f")
	rule := ioctl.QuotaRule{Limit: 5}
	for name, test := range map[string]struct {
		do     func() error
		errno  syscall.Errno
		detail string
	}{
		"another version": {func() error {
			return change(t, target, "f", func(f ioctl.File) error { return f.Release(ctx, ioctl.Release{Length: 1 << 12, DataVersion: 5}) })
		}, syscall.ESTALE, "has data version 1, not 5"},
		"not open for writing": {func() error {
			return readOnly.Release(ctx, ioctl.Release{Length: 1 << 12, DataVersion: 1})
		}, syscall.EINVAL, "not open for writing"},
		"setattr_more not open for writing": {func() error {
			return readOnly.SetattrMore(ctx, ioctl.SetattrMore{})
		}, syscall.EBADF, "not open for writing"},
		"another volume": {func() error {
			return change(t, target, "f", func(f ioctl.File) error { return f.MoveBlocks(ctx, theirs, ioctl.MoveBlocks{Length: 1 << 12}) })
		}, syscall.EXDEV, "another volume"},
		"format 1":     {func() error { return target.AddQuotaRule(ctx, ioctl.AddQuotaRule{Rule: rule}) }, syscall.EOPNOTSUPP, ""},
		"no such rule": {func() error { return other.Target().DelQuotaRule(ctx, ioctl.DelQuotaRule{Rule: rule}) }, syscall.ENOENT, ""},
		"larger than the device": {func() error {
			return target.ResizeDevices(ctx, ioctl.ResizeDevices{TotalMetaBlocks: 1 << 40})
		}, syscall.EINVAL, "more than"},
	} {
		err := test.do()
		request, ok := errors.AsType[*ioctl.Error](err)
		if !ok || request.Errno != test.errno || !strings.Contains(request.Detail, test.detail) || strings.Contains(request.Detail, test.errno.Error()) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for flags, want := range map[int]error{os.O_RDWR: syscall.EISDIR, os.O_RDWR | os.O_TRUNC: syscall.EINVAL} {
		if _, err := target.OpenPath(ctx, "/", flags); !errors.Is(err, want) {
			t.Errorf("opening a directory with %#x: %v, want %v", flags, err, want)
		}
	}
	if err := theirs.Close(); err != nil {
		t.Error(err)
	}
	other.Check(t)
	v.Check(t)
}

// An open file outlives its name, and is gone when it is closed.
func TestOpenFilesOutliveTheirNames(t *testing.T) {
	t.Parallel()
	v := testwrite.New(t, 2)
	create(t, v, "f", make([]byte, 1<<12))
	err := change(t, v.Target(), "f", func(f ioctl.File) error {
		if err := v.Writer().Unlink(t.Context(), fs.Root(), format.RootIno, "f"); err != nil {
			return err
		}
		return f.Release(t.Context(), ioctl.Release{Length: 1 << 12, DataVersion: 1})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Writer().Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	f, err := v.FS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	st, err := f.Statfs(t.Context())
	if err != nil || st.Inodes != 1 {
		t.Errorf("%d inodes, %v", st.Inodes, err)
	}
	v.Check(t)
}

// Nobody else has a volume open, or opens it, while it is written; and one that
// may be mounted is not opened.
func TestWritersHaveAVolumeToThemselves(t *testing.T) {
	t.Parallel()
	v := testwrite.New(t, 2)
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	meta, data := filepath.Join(dir, "meta"), filepath.Join(dir, "data")
	copySparse(t, v.Pair.Meta, meta)
	copySparse(t, v.Pair.Data, data)
	open := func(o engine.Options) error {
		t.Helper()
		v, err := engine.Open(t.Context(), meta, data, o)
		if err == nil {
			closeVolume(t, v)
		}
		return err
	}
	first, err := engine.Open(t.Context(), meta, data, engine.Options{Write: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []engine.Options{{}, {Write: true}} {
		if err := open(o); !errors.As(err, new(*device.BusyError)) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if _, err := engine.Recover(t.Context(), meta, data, engine.RecoverOptions{Watch: -1}); !errors.As(err, new(*device.BusyError)) {
		t.Errorf("recovered: %v", err)
	}
	closeVolume(t, first)
	reading, err := engine.Open(t.Context(), meta, data, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := reading.Merge(t.Context(), nil); !errors.Is(err, syscall.EROFS) {
		t.Errorf("merged a volume that is open for reading: %v", err)
	}
	closeVolume(t, reading)
	if err := open(engine.Options{Write: true, Live: true}); err == nil {
		t.Error("opened for writing what others write")
	}
	report, err := engine.Recover(t.Context(), meta, data, engine.RecoverOptions{Watch: -1})
	if err != nil || len(report.Uses) > 0 {
		t.Errorf("recovered what was not in use: %+v, %v", report, err)
	}
	beginMount(t, meta)
	if err := open(engine.Options{Write: true}); !errors.As(err, new(*server.InUseError)) {
		t.Errorf("opened a volume that may be mounted: %v", err)
	}
	report, err = engine.Recover(t.Context(), meta, data, engine.RecoverOptions{Watch: -1})
	if err != nil || len(report.Uses) != 1 || len(report.Slots) != 1 {
		t.Errorf("recovered: %+v, %v", report, err)
	}
	if err := open(engine.Options{Write: true}); err != nil {
		t.Error(err)
	}
}

// beginMount notes in the first quorum slot that a mount began.
func beginMount(t *testing.T, meta string) {
	t.Helper()
	file, err := os.OpenFile(meta, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	const at = format.QuorumBlkno * format.SmallBlockSize
	block := make([]byte, format.SmallBlockSize)
	if _, err := file.ReadAt(block, at); err != nil {
		t.Fatal(err)
	}
	super := make([]byte, format.SmallBlockSize)
	if _, err := file.ReadAt(super, format.SuperBlkno*format.SmallBlockSize); err != nil {
		t.Fatal(err)
	}
	s, err := format.View[format.Super](super)
	if err != nil {
		t.Fatal(err)
	}
	q, err := format.View[format.QuorumBlock](block)
	if err != nil {
		t.Fatal(err)
	}
	q.Hdr.FSID = s.Hdr.FSID
	q.Hdr.Blkno.Set(format.QuorumBlkno)
	q.WriteNr.Set(1)
	q.Events[format.QuorumEventBegin].WriteNr.Set(1)
	format.Seal(block)
	if _, err := file.WriteAt(block, at); err != nil {
		t.Fatal(err)
	}
}

// copySparse writes what is on a device in memory to a file.
func copySparse(t *testing.T, from device.Device, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Truncate(from.Size()); err != nil {
		t.Fatal(err)
	}
	const used = 128 << 20 // of what mkfs and a few changes write
	buf := make([]byte, 1<<20)
	for at := int64(0); at < min(used, from.Size()); at += int64(len(buf)) {
		if _, err := from.ReadAt(buf, at); err != nil {
			t.Fatal(err)
		}
		if len(bytes.Trim(buf, "\x00")) == 0 {
			continue
		}
		if _, err := file.WriteAt(buf, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// A change that was not made durable when the context ended is, once the
// volume is closed.
func TestClosingMakesDurable(t *testing.T) {
	t.Parallel()
	v := testwrite.New(t, 2)
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := v.Writer().Create(ctx, fs.Root(), format.RootIno, "f", 0o600); err != nil {
		t.Fatal(err)
	}
	cancel()
	v.Reopen(t)
	if err := v.Read(t.Context(), func(f *fs.FS) error {
		_, err := f.Resolve(t.Context(), "f", false)
		return err
	}); err != nil {
		t.Error(err)
	}
	v.Check(t)
}
