// SPDX-License-Identifier: GPL-2.0-or-later

package find_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/ioctl"
	"scoutfs/walk/find"
	"scoutfs/walk/tree"
)

// indexes are the indexes of a mounted volume.
type indexes struct {
	ioctl.Volume
	root   string
	denied syscall.Errno // of paths, 0 for allowed
}

func (v indexes) ino(name string) uint64 {
	var st syscall.Stat_t
	if err := syscall.Lstat(filepath.Join(v.root, name), &st); err != nil {
		panic(err)
	}
	return st.Ino
}

// The names of each inode; "moved" is one that is no longer there.
func (v indexes) names(ino uint64) []string {
	switch ino {
	case v.ino("a/file"):
		return []string{"a/file", "b/hard"}
	case v.ino("b/other"):
		return []string{"b/moved", "b/other"}
	case v.ino("a"):
		return []string{"a"}
	}
	return nil
}

func (v indexes) InoPath(_ context.Context, q ioctl.InoPath) (ioctl.InoPathResult, error) {
	if v.denied != 0 {
		return ioctl.InoPathResult{}, &ioctl.Error{Request: ioctl.NumberInoPath, Errno: v.denied}
	}
	names := v.names(q.Ino)
	if int(q.From.Pos) >= len(names) || q.Ino == format.RootIno {
		return ioctl.InoPathResult{}, &ioctl.Error{Request: ioctl.NumberInoPath, Errno: syscall.ENOENT}
	}
	return ioctl.InoPathResult{At: ioctl.DirPosition{Pos: q.From.Pos}, Path: names[q.From.Pos]}, nil
}

func (v indexes) WalkInodes(_ context.Context, q ioctl.WalkInodes) ([]ioctl.InodeEntry, error) {
	all := []ioctl.InodeEntry{{Major: 3, Ino: v.ino("a")}, {Major: 4, Ino: v.ino("a/file")}, {Major: 5, Ino: v.ino("b/other")}, {Major: 6, Ino: 1 << 40}}
	var found []ioctl.InodeEntry
	for _, e := range all {
		after := e.Major > q.First.Major || e.Major == q.First.Major && e.Ino >= q.First.Ino
		if after && e.Major <= q.Last.Major {
			found = append(found, e)
		}
	}
	return found, nil
}

func (v indexes) SearchXattrs(_ context.Context, q ioctl.SearchXattrs) (ioctl.SearchXattrsResult, error) {
	if q.Name != "scoutfs.srch.tape" {
		return ioctl.SearchXattrsResult{End: true}, nil
	}
	inos := []uint64{v.ino("a/file"), v.ino("b/other")}
	slices.Sort(inos)
	return ioctl.SearchXattrsResult{Inos: inos, End: true}, nil
}

func (v indexes) ReadXattrIndex(context.Context, ioctl.ReadXattrIndex) ([]ioctl.XattrIndexEntry, error) {
	return nil, &ioctl.Error{Request: ioctl.NumberReadXattrIndex, Errno: syscall.EPERM}
}

func TestIndexesOfAMount(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, name := range []string{"a/file", "b/other"} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(filepath.Join(root, "a/file"), filepath.Join(root, "b/hard")); err != nil {
		t.Fatal(err)
	}
	volume := indexes{root: root}
	tests := []struct {
		name   string
		test   find.Test
		denied syscall.Errno
		way    find.Way
		detail string
		want   string
	}{
		// The temporary folder knows no sequence numbers: what the index says
		// is what counts.
		{"meta_seq", find.MetaSeq(find.Span{Min: 3, Max: 4}), 0, find.Index, "meta_seq index", "a a/file b/hard"},
		{"meta_seq of a file that was renamed", find.MetaSeq(find.Span{Min: 5, Max: 9}), 0, find.Index, "meta_seq index", "b/other"},
		{"data_seq", find.DataSeq(find.Span{Min: 4, Max: 4}), 0, find.Index, "data_seq index", "a/file b/hard"},
		// No file has the attribute that is searched for: none is found.
		{"search", find.Xattr("scoutfs.srch.tape", nil), 0, find.Index, "search files", ""},
		{"inode", find.Ino(exactly(volume.ino("b/other"))), 0, find.Index, "inode numbers", "b/other"},
		{"inodes", find.Ino(find.Span{Max: 1 << 60}), 0, find.Walk, "the range of inode numbers is long", ". a a/file b b/hard b/other"},
		{"without a capability", find.MetaSeq(find.Span{Min: 3, Max: 4}), syscall.EPERM, find.Walk, "INO_PATH: operation not permitted", ""},
		{"an index that is denied", tag(t, "indx"), 0, find.Walk, "READ_XATTR_INDEX: operation not permitted", ""},
		{"no index", find.Size(exactly(6)), 0, find.Walk, "no test that an index answers", "a/file b/hard"},
	}
	tr := tree.OnMount()
	for _, test := range tests {
		s := find.New(tr, resolve(t, tr, root), find.Query{Tests: []find.Test{test.test}, MaxDepth: -1})
		v := volume
		v.denied = test.denied
		s.AskVolume(v)
		got, err := search(t.Context(), s)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		for i := range got {
			if got[i], err = filepath.Rel(root, got[i]); err != nil {
				t.Fatal(err)
			}
		}
		if text := strings.Join(got, " "); text != test.want {
			t.Errorf("%s: found %s, want %s", test.name, text, test.want)
		}
		if r := s.Report(); r.Way != test.way || !strings.HasPrefix(r.Detail, test.detail) {
			t.Errorf("%s: %v (%s), want %v (%s)", test.name, r.Way, r.Detail, test.way, test.detail)
		}
	}
}

// Where there is no scoutfs at all, the directories are walked.
func TestMountWithoutIndexes(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	tr := tree.OnMount()
	s := find.New(tr, resolve(t, tr, root), find.Query{Tests: []find.Test{find.Ino(find.Span{Max: 50})}, MaxDepth: -1})
	if got, err := search(t.Context(), s); len(got) > 0 || err != nil {
		t.Errorf("found %q, %v", got, err)
	}
	if r := s.Report(); r.Way != find.Walk || !strings.Contains(r.Detail, "scoutfs") {
		t.Errorf("%v (%s)", r.Way, r.Detail)
	}
	s = find.New(tr, resolve(t, tr, root), find.Query{Way: find.Scan, MaxDepth: -1})
	if _, err := search(t.Context(), s); err == nil {
		t.Error("a mount was scanned")
	}
}
