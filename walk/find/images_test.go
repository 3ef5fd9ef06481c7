// SPDX-License-Identifier: GPL-2.0-or-later

package find_test

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scoutfs/engine"
	"scoutfs/engine/format"
	"scoutfs/internal/testimage"
	"scoutfs/internal/testimage/manifest"
	"scoutfs/internal/testsample"
	"scoutfs/walk/find"
	"scoutfs/walk/tree"
)

// query is a question to an image, and which inodes of its manifest are the
// answer.
type query struct {
	name  string
	tests []find.Test
	want  func(in *manifest.Inode) bool
}

func hasXattr(in *manifest.Inode, want func(name string) bool) bool {
	is := func(x manifest.Xattr) bool { return want(x.Name) }
	return slices.ContainsFunc(in.Xattrs, is) || slices.ContainsFunc(in.Hidden, is)
}

// queries asks about what the manifest knows. Sequence numbers of what takes
// no requests are in its index only.
func queries(t *testing.T, m *manifest.Manifest) []query {
	metaSeqs := map[uint64]uint64{}
	middle := uint64(0)
	for _, e := range m.MetaSeq {
		metaSeqs[e.Ino] = e.Major
		middle = m.MetaSeq[len(m.MetaSeq)/2].Major
	}
	all := []query{
		{"everything", nil, func(*manifest.Inode) bool { return true }},
		{"files", []find.Test{find.Type(format.ModeRegular)}, func(in *manifest.Inode) bool { return in.Mode&format.ModeTypeMask == format.ModeRegular }},
		{"large", []find.Test{find.Size(atLeast(100_000))}, func(in *manifest.Inode) bool { return in.Size >= 100_000 }},
		{"linked", []find.Test{find.Links(atLeast(2)), find.Not(find.Type(format.ModeDirectory))}, func(in *manifest.Inode) bool {
			return in.Nlink >= 2 && in.Mode&format.ModeTypeMask != format.ModeDirectory
		}},
		{"not online", []find.Test{find.State(tree.StateOffline, tree.StatePartial)}, func(in *manifest.Inode) bool {
			return in.More != nil && in.Mode&format.ModeTypeMask == format.ModeRegular && in.More.OfflineBlocks > 0
		}},
		{"newer half", []find.Test{find.MetaSeq(atLeast(middle))}, func(in *manifest.Inode) bool { return metaSeqs[in.Ino] >= middle }},
		{"names", []find.Test{find.Name(find.NewGlob("*[0-4]", false))}, func(in *manifest.Inode) bool {
			return in.Path != "." && strings.ContainsAny(in.Path[len(in.Path)-1:], "01234")
		}},
		{"tag", []find.Test{tag(t, "srch")}, func(in *manifest.Inode) bool {
			return hasXattr(in, func(name string) bool {
				tags, ok := format.ParseXattrTags(name)
				return ok && tags.Srch
			})
		}},
		{"indexed", []find.Test{tag(t, "indx")}, func(in *manifest.Inode) bool {
			return slices.ContainsFunc(m.XattrIndex, func(e manifest.XattrIndexEntry) bool { return e.Ino == in.Ino })
		}},
	}
	for _, s := range m.Searches {
		all = append(all, query{"search " + s.Name, []find.Test{find.Xattr(s.Name, nil)}, func(in *manifest.Inode) bool {
			return hasXattr(in, func(name string) bool { return name == s.Name })
		}})
	}
	return all
}

// ways are all ways to find something, those of a large volume for one
// question only: each of a few questions is asked in another way, the last
// one, which an index can answer, in the way that is chosen.
func ways(m *manifest.Manifest, question, questions int) []find.Way {
	all := []find.Way{find.Auto, find.Scan, find.Walk}
	if !isLarge(m) {
		return all
	}
	return all[(questions-1-question)%len(all):][:1]
}

// isLarge reports whether a volume has too many inodes to ask everything.
func isLarge(m *manifest.Manifest) bool {
	const large = 5000
	return len(m.Inodes) > large && !testsample.All()
}

// What is found is what the kernel showed, whichever way it is found.
func TestImagesInEveryWay(t *testing.T) {
	t.Parallel()
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		if img.Manifest == "" {
			t.Skip("the image has no manifest")
		}
		t.Parallel()
		m := manifest.Read(t, img.Manifest)
		volume, err := engine.Open(t.Context(), img.Meta, img.Data, engine.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer volume.Close()
		tr := tree.OnDevices(volume)
		indexed := 0
		asked := queries(t, m)
		if isLarge(m) {
			asked = testsample.Of(asked, 6)
		}
		for i, q := range asked {
			var want []string
			for i := range m.Inodes {
				if in := &m.Inodes[i]; q.want(in) {
					want = append(want, path.Join("/", in.Path))
				}
			}
			slices.Sort(want)
			for _, way := range ways(m, i, len(asked)) {
				s := find.New(tr, resolve(t, tr, "/"), find.Query{Tests: q.tests, MaxDepth: -1, Way: way})
				got, err := search(t.Context(), s)
				if err != nil {
					t.Errorf("%s, %v: %v", q.name, way, err)
				}
				if !slices.Equal(want, got) { // cmp takes seconds for so many
					t.Errorf("%s, %v:\n%s", q.name, way, cmp.Diff(want, got))
				}
				if s.Report().Way == find.Index {
					indexed++
				}
			}
		}
		if indexed == 0 && !isLarge(m) {
			t.Error("no question was answered by an index")
		}
	})
}
