// SPDX-License-Identifier: GPL-2.0-or-later

// Package images_test compares what this repository reads from the two devices
// of a volume with what upstream's kernel module showed of the same volume
// through a mount: every field of every line of the manifests that come with
// the test images.
package images_test

import (
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scoutfs/engine"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testimage"
	"scoutfs/internal/testimage/manifest"
)

// volume is a test image and what is known about it.
type volume struct {
	*engine.Volume
	fs       *fs.FS
	manifest *manifest.Manifest
	hasData  bool // the image has a data device
}

// cacheBytes holds all metadata of the largest image, which is read in many
// orders.
const cacheBytes = 256 << 20

func open(t *testing.T, img testimage.Image) *volume {
	t.Helper()
	v, err := engine.Open(t.Context(), img.Meta, img.Data, engine.Options{CacheBytes: cacheBytes})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	f, err := v.FS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &volume{Volume: v, fs: f, manifest: manifest.Read(t, img.Manifest), hasData: img.Data != ""}
}

func TestVolumesAreReadAsTheKernelShowedThem(t *testing.T) {
	t.Parallel()
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		t.Helper()
		if img.Manifest == "" {
			return
		}
		t.Parallel()
		v := open(t, img)
		for name, check := range map[string]func(*testing.T){
			"paths":    v.checkPaths,
			"inodes":   v.checkInodes,
			"indexes":  v.checkIndexes,
			"quotas":   v.checkQuotas,
			"in use":   v.checkAllocated,
			"numbers":  v.checkNumbers,
			"requests": v.checkRequests,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				check(t)
			})
		}
	})
}

// checkIndexes compares the indexes of inodes and xattrs, totals, and
// searches.
func (v *volume) checkIndexes(t *testing.T) {
	t.Helper()
	ctx, m := t.Context(), v.manifest
	everything := fs.IndexEntry{Seq: 1<<64 - 1, Ino: 1<<64 - 1}
	indexes := map[string]struct {
		typ  uint8
		want []manifest.IndexEntry
	}{
		"meta_seq index": {format.TypeMetaSeq, m.MetaSeq},
		"data_seq index": {format.TypeDataSeq, m.DataSeq},
	}
	for name, index := range indexes {
		same(t, name, index.want, collect(t, name, v.fs.InodeIndex(ctx, index.typ, fs.IndexEntry{}, everything),
			func(e fs.IndexEntry) manifest.IndexEntry { return manifest.IndexEntry{Major: e.Seq, Ino: e.Ino} }))
	}
	same(t, "totals", m.Totals, collect(t, "totals", v.fs.Totals(ctx, [3]uint64{}), func(s fs.Total) manifest.Total {
		return manifest.Total{Name: s.Name, Total: int64(s.Total), Count: int64(s.Count)}
	}))
	last := format.XattrIndx{Major: 255, Minor: 1<<64 - 1, Ino: 1<<64 - 1, ID: 1<<64 - 1}
	entries := collect(t, "xattr index", v.fs.XattrIndex(ctx, format.XattrIndx{}, last), func(x format.XattrIndx) manifest.XattrIndexEntry {
		return manifest.XattrIndexEntry{Major: x.Major, Minor: x.Minor, Ino: x.Ino}
	})
	// The request leaves out further xattrs of an inode at the same place.
	same(t, "xattr index", m.XattrIndex, slices.Compact(entries))
	for _, s := range m.Searches {
		for _, verify := range []bool{false, true} {
			q := fs.Search{Name: s.Name, Last: 1<<64 - 1, Verify: verify}
			name := fmt.Sprintf("search for %s, verified %v", s.Name, verify)
			same(t, name, s.Inos, collect(t, name, v.fs.SearchXattrs(ctx, q), keep))
		}
	}
}

func (v *volume) checkQuotas(t *testing.T) {
	t.Helper()
	rules := collect(t, "quota rules", v.fs.QuotaRules(t.Context(), 0, 0), func(r fs.QuotaRule) format.QuotaRule { return *r.Rule })
	same(t, "quota rules", v.manifest.QuotasUnsorted, rules)
	slices.SortFunc(rules, func(a, b format.QuotaRule) int { return b.Compare(&a) })
	same(t, "sorted quota rules", v.manifest.Quotas, rules)
	if none := v.fs.Super().FmtVers.Get() < 2; none != v.manifest.NoQuotas {
		t.Errorf("format version without quotas is %v, the kernel says %v", none, v.manifest.NoQuotas)
	}
}

// checkAllocated compares the inode numbers in use, found in three ways, and
// the inodes without links.
func (v *volume) checkAllocated(t *testing.T) {
	t.Helper()
	ctx, m := t.Context(), v.manifest
	same(t, "allocated inodes", m.Allocated, collect(t, "allocated inodes", v.fs.AllocatedInos(ctx, 0, 1<<64-1), keep))
	var all, unlinked []uint64
	for in, err := range v.fs.Inodes(ctx, 0) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, in.Ino)
		if in.Nlink == 0 {
			unlinked = append(unlinked, in.Ino)
		}
	}
	same(t, "inodes", m.Allocated, all)
	same(t, "inodes without links", m.Unlinked, unlinked)
	same(t, "orphans", m.Unlinked, collect(t, "orphans", v.fs.Orphans(ctx, 0), keep))
}

// collect returns what a sequence yields, and fails t at its first error.
func collect[T, U any](t *testing.T, name string, seq iter.Seq2[T, error], as func(T) U) []U {
	t.Helper()
	var all []U
	for v, err := range seq {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, as(v))
	}
	return all
}

func keep[T any](v T) T { return v }

// same compares lists, and shows where they begin to differ.
func same[T comparable](t *testing.T, name string, want, got []T) {
	t.Helper()
	if slices.Equal(want, got) {
		return
	}
	i := 0
	for i < min(len(want), len(got)) && want[i] == got[i] {
		i++
	}
	const show = 5
	t.Errorf("%s: %d, want %d; from the one with index %d on, -want +got:\n%s", name, len(got), len(want), i,
		cmp.Diff(want[i:min(i+show, len(want))], got[i:min(i+show, len(got))]))
}
