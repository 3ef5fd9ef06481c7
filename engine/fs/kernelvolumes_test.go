// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/engine/server"
	"scoutfs/engine/txn"
	"scoutfs/fsck"
	"scoutfs/internal/testcheck"
	"scoutfs/internal/testimage"
)

// TestWritingKernelVolumes changes volumes that the kernel module wrote, some
// of them with log trees that are not merged or half merged, and checks that
// nothing is wrong with them that was not before.
func TestWritingKernelVolumes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"basic", "archive", "partmerge", "compacting", "two-mounts"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pair := overlays(t, testimage.Get(t, name))
			before := problems(t, pair)
			ctx := t.Context()
			_, super, err := block.ReadSuper(pair.Meta)
			if err != nil {
				t.Fatal(err)
			}
			random := rand.New(rand.NewPCG(5, 6)).Uint64
			blocks := block.NewReader(pair.Meta, block.Options{FSID: super.Hdr.FSID.Get()})
			// Some images were taken of a mounted volume.
			_, err = server.Recover(ctx, pair, blocks, server.RecoverOptions{
				Options: server.Options{Random: random},
				Watch:   -1,
				Answers: func(context.Context, netip.AddrPort) bool { return false },
			})
			if err != nil {
				t.Fatal(err)
			}
			blocks = block.NewReader(pair.Meta, block.Options{FSID: super.Hdr.FSID.Get()})
			srv, err := server.Open(ctx, pair, blocks, server.Options{Random: random})
			if err != nil {
				t.Fatal(err)
			}
			log, err := txn.Open(ctx, srv, txn.Options{Random: random})
			if err != nil {
				t.Fatal(err)
			}
			changeEverything(t, fs.NewWriter(log, pair.Data, fs.WriterOptions{}))
			if err := errors.Join(log.Close(ctx), srv.Close()); err != nil {
				t.Fatal(err)
			}
			if after := problems(t, pair); after != before {
				t.Errorf("there is\n%s\nand was\n%s", after, before)
			}
		})
	}
}

// overlays returns a volume's devices that can be written without the image
// being changed.
func overlays(t *testing.T, img testimage.Image) device.Pair {
	t.Helper()
	open := func(path string) device.Device {
		dev, err := device.Open(path, device.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := dev.Close(); err != nil {
				t.Error(err)
			}
		})
		return device.NewOverlay(path, dev)
	}
	return device.Pair{Meta: open(img.Meta), Data: open(img.Data)}
}

func problems(t *testing.T, pair device.Pair) string {
	t.Helper()
	summary, err := fsck.Check(context.WithoutCancel(t.Context()), fsck.Options{Pair: pair, Memory: fsck.MinMemory, TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return testcheck.Problems(summary)
}

// changeEverything gives every inode an xattr or takes those away that it
// has, changes its mode, renames every other entry and removes every third.
func changeEverything(t *testing.T, w *fs.Writer) {
	t.Helper()
	ctx, root := t.Context(), rootCaller()
	var inodes []fs.Inode
	var entries []fs.Entry
	err := w.Read(ctx, func(f *fs.FS) error {
		for in, err := range f.Inodes(ctx, 0) {
			if err != nil {
				return err
			}
			inodes = append(inodes, in)
			for e, err := range f.Readdir(ctx, in.Ino, 0) {
				if err != nil {
					return err
				}
				e.Name = []byte(string(e.Name))
				entries = append(entries, e)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	const most = 300 // of either
	must := func(what string, err error, fine ...syscall.Errno) {
		t.Helper()
		for _, errno := range fine {
			if errors.Is(err, errno) {
				return
			}
		}
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	for i, in := range inodes[:min(len(inodes), most)] {
		var names []string
		must("read", w.Read(ctx, func(f *fs.FS) error {
			for x, err := range f.XattrNames(ctx, in.Ino, 0, 0) {
				if err != nil {
					return err
				}
				names = append(names, string(x.Name))
			}
			return nil
		}))
		for _, name := range names {
			must("remove xattr", w.RemoveXattr(ctx, root, in.Ino, name), syscall.EPERM)
		}
		must("set xattr", w.SetXattr(ctx, root, in.Ino, "scoutfs.srch.totl.7.7.7", []byte("1"), 0))
		if !in.IsSymlink() {
			_, err := w.SetAttr(ctx, root, in.Ino, fs.Attr{Mask: fs.AttrMode, Mode: uint32(i)})
			must("chmod", err, syscall.EPERM)
		}
	}
	for i, e := range entries[:min(len(entries), most)] {
		name := string(e.Name)
		switch {
		case i%3 == 0 && e.Type == format.DirentDirectory:
			must("rmdir", w.Rmdir(ctx, root, e.Dir, name), syscall.ENOTEMPTY)
		case i%3 == 0:
			must("unlink", w.Unlink(ctx, root, e.Dir, name), syscall.EPERM)
		case i%3 == 1 && len(name) < 250 && !strings.HasPrefix(name, "x-"):
			must("rename", w.Rename(ctx, root, e.Dir, name, e.Dir, "x-"+name, 0), syscall.EPERM)
		default:
			_, err := w.Create(ctx, root, e.Dir, "y-"+name[:min(len(name), 200)], 0o644)
			must("create", err, syscall.EEXIST, syscall.EDQUOT)
		}
	}
	_, err = w.DeleteOrphans(ctx)
	must("orphans", err)
}
