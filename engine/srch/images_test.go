// SPDX-License-Identifier: GPL-2.0-or-later

package srch_test

import (
	"bufio"
	"math"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/srch"
	"scoutfs/internal/testimage"
)

func openImage(tb testing.TB, img testimage.Image) (*block.Reader, *format.Super) {
	tb.Helper()
	dev, err := device.Open(img.Meta, device.Options{Shared: true})
	if err != nil {
		tb.Fatal(err)
	}
	_, super, err := block.ReadSuper(dev)
	if err != nil {
		tb.Fatal(err)
	}
	r := block.NewReader(dev, block.Options{FSID: super.Hdr.FSID.Get(), TotalBlocks: super.TotalMetaBlocks.Get()})
	tb.Cleanup(func() {
		r.Wait()
		if err := dev.Close(); err != nil {
			tb.Error(err)
		}
	})
	return r, super
}

func TestSearchFilesOfImagesAreSound(t *testing.T) {
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		t.Helper()
		t.Parallel()
		r, super := openImage(t, img)
		for source, err := range srch.Files(t.Context(), r, super) {
			if err != nil {
				t.Fatal(err)
			}
			checkFile(t, source)
		}
	})
}

// checkFile checks all leaves, and what the file says of them.
func checkFile(t *testing.T, source srch.Source) {
	t.Helper()
	leaves, total := uint64(0), uint64(0)
	var last format.SrchEntry
	for b, err := range source.File.Leaves(t.Context(), 0) {
		if err != nil {
			t.Errorf("%v: %v", source.Key, err)
			break
		}
		for violation := range srch.VerifyLeaf(b.Leaf, source.Sorted, nil) {
			t.Errorf("%v: %v", source.Key, violation.Err)
		}
		if source.Sorted && leaves > 0 && b.Leaf.First.Entry().Compare(last) < 0 {
			t.Errorf("%v: leaf %d begins with %v, after %v", source.Key, leaves, b.Leaf.First.Entry(), last)
		}
		last = b.Leaf.Last.Entry()
		leaves++
		total += uint64(b.Leaf.EntryNr.Get())
	}
	if leaves != source.File.Blocks() || total != source.File.Entries() {
		t.Errorf("%v: %d leaves and %d entries, want %d and %d", source.Key, leaves, total, source.File.Blocks(), source.File.Entries())
	}
	refs := uint64(0)
	for b, err := range source.File.Refs(t.Context()) {
		if err != nil {
			t.Errorf("%v: %v", source.Key, err)
		}
		if b.Level == 0 {
			refs++
		}
	}
	if refs != leaves {
		t.Errorf("%v: %d references to %d leaves", source.Key, refs, leaves)
	}
}

// search is what the kernel's search does: all files, pairs cancelled.
func search(tb testing.TB, r *block.Reader, super *format.Super, hash uint64, set *srch.Set) {
	tb.Helper()
	for source, err := range srch.Files(tb.Context(), r, super) {
		if err != nil {
			tb.Fatal(err)
		}
		for e, err := range srch.Search(tb.Context(), source.File, source.Sorted, hash, 0, math.MaxUint64) {
			if err != nil {
				tb.Fatal(err)
			}
			set.Toggle(srch.Found{Ino: e.Ino, ID: e.ID})
		}
	}
}

func TestSearchFindsWhatTheKernelFound(t *testing.T) {
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		t.Helper()
		t.Parallel()
		if img.Manifest == "" {
			return // the kernel was not asked
		}
		r, super := openImage(t, img)
		for name, want := range kernelSearches(t, img.Manifest) {
			set := srch.NewSet(srch.DefaultLimit, srch.Found{})
			search(t, r, super, format.SrchHash(name), set)
			if got := slices.Collect(set.Inodes()); !slices.Equal(got, want) {
				t.Errorf("%s: %d inodes, the kernel found %d", name, len(got), len(want))
			}

			// With a limit it takes several passes.
			limit := len(want)/3 + 1
			var got []uint64
			for from, more := (srch.Found{}), true; more; {
				set := srch.NewSet(limit, from)
				search(t, r, super, format.SrchHash(name), set)
				got = slices.AppendSeq(got, set.Inodes())
				from, more = set.Rest()
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %d inodes in passes, the kernel found %d", name, len(got), len(want))
			}
		}
	})
}

// kernelSearches reads the searches of a manifest: names and inodes.
func kernelSearches(t *testing.T, manifest string) map[string][]uint64 {
	t.Helper()
	f, err := os.Open(manifest)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	searches := map[string][]uint64{}
	name := ""
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "[") {
			name = ""
			if words := strings.Fields(line); words[0] == "[search-xattrs]" {
				name = path.Base(words[len(words)-1])
				searches[name] = nil
			}
			continue
		}
		if name == "" {
			continue
		}
		ino, err := strconv.ParseUint(line, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		searches[name] = append(searches[name], ino)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return searches
}
