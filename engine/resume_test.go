// SPDX-License-Identifier: GPL-2.0-or-later

package engine_test

import (
	"iter"
	"slices"
	"testing"

	"scoutfs/engine/ioctl"
	"scoutfs/internal/testimage"
	"scoutfs/internal/testimage/manifest"
	"scoutfs/internal/testsample"
	"scoutfs/walk"
)

// resumable is a walk that can be taken up at a place.
type resumable[T, P any] struct {
	name string
	from func(P) iter.Seq2[T, error]
	next func(T) (P, bool) // the place behind a value
}

// check stops a walk behind each of some values and goes on from there: the
// two parts must be the whole.
func check[T comparable, P any](t *testing.T, r resumable[T, P]) {
	t.Helper()
	var start P
	whole := all(t, r.from(start))
	for _, i := range stopsOf(len(whole)) {
		var parts []T
		for v, err := range r.from(start) {
			if err != nil {
				t.Fatal(err)
			}
			if parts = append(parts, v); len(parts) == i+1 {
				break
			}
		}
		if next, ok := r.next(whole[i]); ok {
			parts = append(parts, all(t, r.from(next))...)
		}
		if !slices.Equal(parts, whole) {
			t.Fatalf("%s: stopped at %d and taken up again, %d values, want %d", r.name, i, len(parts), len(whole))
		}
	}
}

// stopsOf picks places to stop at, those around the size of a batch among
// them.
func stopsOf(n int) []int {
	const some = 6
	places := testsample.Indexes(n, some)
	for _, at := range []int{1023, 1024, 1025} {
		if at < n && !slices.Contains(places, at) {
			places = append(places, at)
		}
	}
	return places
}

// TestWalksCanBeStoppedAnywhere does so with all walks of whole volumes.
func TestWalksCanBeStoppedAnywhere(t *testing.T) {
	t.Parallel()
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		t.Parallel()
		target := openImage(t, img)
		ctx := t.Context()
		for _, index := range []ioctl.InodeIndex{ioctl.IndexMetaSeq, ioctl.IndexDataSeq} {
			check(t, resumable[ioctl.InodeEntry, ioctl.InodeEntry]{
				index.String(),
				func(p ioctl.InodeEntry) iter.Seq2[ioctl.InodeEntry, error] {
					return walk.Inodes(ctx, target, index, p, ioctl.LastInodeEntry())
				},
				ioctl.InodeEntry.Next,
			})
		}
		check(t, resumable[ioctl.XattrIndexEntry, ioctl.XattrIndexEntry]{
			"xattr index",
			func(p ioctl.XattrIndexEntry) iter.Seq2[ioctl.XattrIndexEntry, error] {
				return walk.XattrIndex(ctx, target, p, ioctl.LastXattrIndexEntry())
			},
			ioctl.XattrIndexEntry.Next,
		})
		check(t, resumable[ioctl.XattrTotal, ioctl.TotalName]{
			"totals",
			func(p ioctl.TotalName) iter.Seq2[ioctl.XattrTotal, error] { return walk.Totals(ctx, target, p) },
			func(v ioctl.XattrTotal) (ioctl.TotalName, bool) { return v.Name.Next() },
		})
		if img.Manifest == "" {
			return
		}
		for _, s := range manifest.Read(t, img.Manifest).Searches {
			check(t, resumable[uint64, uint64]{
				"search for " + s.Name,
				func(p uint64) iter.Seq2[uint64, error] { return walk.SearchXattrs(ctx, target, s.Name, p, most) },
				func(ino uint64) (uint64, bool) { return ino + 1, ino < most },
			})
		}
	})
}

// TestNamesCanBeStoppedAnywhere does so with all names of inodes that have
// several.
func TestNamesCanBeStoppedAnywhere(t *testing.T) {
	t.Parallel()
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		if img.Manifest == "" {
			return
		}
		t.Parallel()
		target := openImage(t, img)
		m := manifest.Read(t, img.Manifest)
		checked := 0
		for i := range m.Inodes {
			ino := m.Inodes[i].Ino
			if m.Inodes[i].Nlink < 2 || m.Inodes[i].Target == nil && m.Inodes[i].Map == nil || !testsample.All() && checked == 20 {
				continue
			}
			checked++
			check(t, resumable[ioctl.InoPathResult, ioctl.DirPosition]{
				m.Inodes[i].Path,
				func(p ioctl.DirPosition) iter.Seq2[ioctl.InoPathResult, error] {
					return walk.Paths(t.Context(), target, ino, p)
				},
				func(v ioctl.InoPathResult) (ioctl.DirPosition, bool) { return v.At.Next() },
			})
			check(t, resumable[ioctl.ReferringEntry, ioctl.DirPosition]{
				m.Inodes[i].Path,
				func(p ioctl.DirPosition) iter.Seq2[ioctl.ReferringEntry, error] {
					return walk.ReferringEntries(t.Context(), target, ino, p)
				},
				func(v ioctl.ReferringEntry) (ioctl.DirPosition, bool) { return v.At.Next() },
			})
		}
	})
}
