// SPDX-License-Identifier: GPL-2.0-or-later

package tree_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scoutfs/engine"
	"scoutfs/internal/testimage"
	"scoutfs/internal/testimage/manifest"
	"scoutfs/walk/tree"
)

// openImage opens an image.
func openImage(t testing.TB, img testimage.Image) *tree.Devices {
	t.Helper()
	volume, err := engine.Open(t.Context(), img.Meta, img.Data, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = volume.Close() })
	return tree.OnDevices(volume)
}

// A walk finds what the kernel found, in the kernel's order.
func TestWalkOfImagesIsThatOfTheKernel(t *testing.T) {
	t.Parallel()
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		if img.Manifest == "" {
			t.Skip("the image has no manifest")
		}
		t.Parallel()
		type row struct {
			Path, Target    string
			Ino, Size       uint64
			Mode, Nlink     uint32
			Online, Offline uint64
			Mtime           int64
			SHA256          string
		}
		var want, got []row
		for _, in := range manifest.Read(t, img.Manifest).Inodes {
			r := row{
				Path: path.Join("/", in.Path), Ino: in.Ino, Size: in.Size, Mode: in.Mode, Nlink: in.Nlink,
				Mtime: in.Mtime.UnixNano(), SHA256: in.SHA256,
			}
			if in.More != nil {
				r.Online, r.Offline = in.More.OnlineBlocks, in.More.OfflineBlocks
			}
			if in.Target != nil && in.Target.SHA256 == "" {
				r.Target = string(in.Target.Bytes)
			}
			want = append(want, r)
		}
		tr := openImage(t, img)
		for f, err := range tree.Walk(t.Context(), tr, resolve(t, tr, "/"), attrs(tr)) {
			if err != nil {
				t.Fatal(err)
			}
			a := &f.Value
			r := row{
				Path: f.Node.Path, Ino: a.Ino, Size: a.Size, Mode: a.Mode, Nlink: a.Nlink,
				Online: a.Archive.OnlineBlocks, Offline: a.Archive.OfflineBlocks, Mtime: a.Mtime.UnixNano(),
			}
			if i := len(got); i < len(want) && want[i].SHA256 != "" && img.Data != "" {
				r.SHA256 = hash(t, tr, f.Node)
			} else if i < len(want) {
				r.SHA256 = want[i].SHA256
			}
			if i := len(got); i < len(want) && want[i].Target != "" {
				target, err := tr.Readlink(t.Context(), f.Node)
				if err != nil {
					t.Fatal(err)
				}
				r.Target = target
			}
			got = append(got, r)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func hash(t *testing.T, tr tree.Tree, n tree.Node) string {
	t.Helper()
	f, err := tr.Open(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := tree.Stream(context.Background(), f, sum, tree.StreamOptions{}); err != nil {
		t.Fatalf("%s: %v", n.Path, err)
	}
	return hex.EncodeToString(sum.Sum(nil))
}
