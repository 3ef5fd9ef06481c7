// SPDX-License-Identifier: GPL-2.0-or-later

package find_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"scoutfs/engine"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testtree"
	"scoutfs/walk/find"
	"scoutfs/walk/tree"
)

func open(t testing.TB, pair device.Pair) *tree.Devices {
	t.Helper()
	volume, err := engine.OpenDevices(t.Context(), pair, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = volume.Close() })
	return tree.OnDevices(volume)
}

func resolve(t testing.TB, tr tree.Tree, path string) tree.Node {
	t.Helper()
	n, err := tr.Resolve(t.Context(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// search returns the paths that a search finds, sorted.
func search(ctx context.Context, s *find.Search) (paths []string, err error) {
	for m, problem := range s.Matches(ctx) {
		if problem != nil {
			err = errors.Join(err, problem)
			continue
		}
		paths = append(paths, string(m.Path))
	}
	slices.Sort(paths)
	return paths, err
}

const day = 24 * time.Hour

// sample is a volume with files that differ in all that can be tested. Its
// inodes have the sequence numbers 1, 2, ... in the order they are made.
func sample(t testing.TB) *testtree.Volume {
	v := testtree.New(t, 2)
	docs := v.Dir(format.RootIno, "docs") // 1024, seq 2
	big := v.File(docs, "big.TXT", testtree.Data(make([]byte, 20000)))
	v.Inode(big).UID.Set(1000)
	v.Inode(big).Mtime.Set(testtree.Created().Add(-10 * day))
	v.Xattr(big, "user.colour", "red")
	small := v.File(docs, "small.txt", testtree.Text("hello")) // 1026
	v.Inode(small).GID.Set(2000)
	v.Inode(small).Proj.Set(7)
	v.Inode(small).Atime.Set(testtree.Created().Add(day))
	v.Xattr(small, "user.colour", "blue")
	v.Xattr(small, "scoutfs.hide.srch.tape", "1")
	v.Link(format.RootIno, "hard.txt", small)
	tape := v.Dir(docs, "tape")                           // 1027
	off := v.File(tape, "offline", testtree.Offline(5))   // 1028
	part := v.File(tape, "partial", testtree.Text("xyz")) // 1029, online so far
	v.Item(format.DataExtentKey(part, format.Extent{Start: 1, Len: 1}), extent(format.ExtentOffline))
	v.Inode(part).OfflineBlocks.Set(1)
	v.Inode(part).Size.Set(8192)
	v.Inode(part).Crtime.Set(testtree.Created().Add(-day))
	v.Xattr(off, "scoutfs.indx.level.7.100", "")
	v.Xattr(part, "scoutfs.indx.level.7.200", "")
	v.Xattr(part, "scoutfs.totl.sum.1.2.3", "5")
	v.Inode(off).DataVersion.Set(44)
	v.Symlink(format.RootIno, "symlink", "docs") // 1030
	v.Inode(1030).Ctime.Set(testtree.Created().Add(2 * day))
	v.Add(format.RootIno, ".fifo", format.ModeFIFO|0o600) // 1031
	return v
}

func extent(flags uint8) []byte {
	e := format.DataExtent{Flags: flags}
	return format.Bytes(&e)
}

func tag(t *testing.T, name string) find.Test {
	t.Helper()
	test, err := find.Tag(name)
	if err != nil {
		t.Fatal(err)
	}
	return test
}

func exactly(n uint64) find.Span { return find.Span{Min: n, Max: n} }

func atLeast(n uint64) find.Span { return find.Span{Min: n, Max: 1<<64 - 1} }

func TestEveryTestInEveryWay(t *testing.T) {
	t.Parallel()
	created := testtree.Created()
	glob := func(s string) *find.Glob { return find.NewGlob(s, false) }
	everything := "/ /.fifo /docs /docs/big.TXT /docs/small.txt /docs/tape /docs/tape/offline /docs/tape/partial /hard.txt /symlink"
	tests := []struct {
		name  string
		tests []find.Test
		want  string // paths
	}{
		{"nothing", nil, everything},
		{"name", []find.Test{find.Name(glob("*.txt"))}, "/docs/small.txt /hard.txt"},
		{"name in any case", []find.Test{find.Name(find.NewGlob("*.txt", true))}, "/docs/big.TXT /docs/small.txt /hard.txt"},
		{"name of the root", []find.Test{find.Name(glob("/"))}, "/"},
		{"path", []find.Test{find.Path(glob("*/tape/*"))}, "/docs/tape/offline /docs/tape/partial"},
		{"not path", []find.Test{find.Not(find.Path(glob("/docs*")))}, "/ /.fifo /hard.txt /symlink"},
		{"type", []find.Test{find.Type(format.ModeSymlink, format.ModeFIFO)}, "/.fifo /symlink"},
		{"not type", []find.Test{find.Not(find.Type(format.ModeRegular)), find.Not(find.Type(format.ModeDirectory))}, "/.fifo /symlink"},
		{"size", []find.Test{find.Size(atLeast(8192)), find.Type(format.ModeRegular)}, "/docs/big.TXT /docs/tape/offline /docs/tape/partial"},
		{"uid", []find.Test{find.UID(exactly(1000))}, "/docs/big.TXT"},
		{"gid", []find.Test{find.GID(exactly(2000))}, "/docs/small.txt /hard.txt"},
		{"project", []find.Test{find.Project(exactly(7))}, "/docs/small.txt /hard.txt"},
		{"links", []find.Test{find.Links(exactly(2)), find.Type(format.ModeRegular)}, "/docs/small.txt /hard.txt"},
		{"mtime", []find.Test{find.Mtime(find.Period{Until: created.Add(-9 * day)})}, "/docs/big.TXT"},
		{"atime", []find.Test{find.Atime(find.Period{From: created.Add(day)})}, "/docs/small.txt /hard.txt"},
		{"ctime", []find.Test{find.Ctime(find.Period{From: created.Add(day), Until: created.Add(3 * day)})}, "/symlink"},
		{"crtime", []find.Test{find.Crtime(find.Period{Until: created})}, "/docs/tape/partial"},
		{"state offline", []find.Test{find.State(tree.StateOffline)}, "/docs/tape/offline"},
		{"state", []find.Test{find.State(tree.StatePartial, tree.StateOffline)}, "/docs/tape/offline /docs/tape/partial"},
		{"not offline", []find.Test{find.Not(find.State(tree.StateOffline, tree.StatePartial))}, "/docs/big.TXT /docs/small.txt /hard.txt"},
		{"data version", []find.Test{find.DataVersion(exactly(44))}, "/docs/tape/offline"},
		{"xattr", []find.Test{find.Xattr("user.colour", nil)}, "/docs/big.TXT /docs/small.txt /hard.txt"},
		{"xattr value", []find.Test{find.Xattr("user.colour", new("red"))}, "/docs/big.TXT"},
		{"not xattr value", []find.Test{find.Not(find.Xattr("user.colour", new("red"))), find.Type(format.ModeRegular)}, "/docs/small.txt /docs/tape/offline /docs/tape/partial /hard.txt"},
		{"not xattr", []find.Test{find.Not(find.Xattr("user.colour", nil)), find.Type(format.ModeRegular)}, "/docs/tape/offline /docs/tape/partial"},
		{"tag totl", []find.Test{tag(t, "totl")}, "/docs/tape/partial"},
		{"tag hide", []find.Test{tag(t, "hide")}, "/docs/small.txt /hard.txt"},
		{"tag srch and name", []find.Test{tag(t, "srch"), find.Name(glob("h*"))}, "/hard.txt"},
		{"tag indx", []find.Test{tag(t, "indx")}, "/docs/tape/offline /docs/tape/partial"},
		{"not tag indx", []find.Test{find.Not(tag(t, "indx")), find.Name(glob("*a*l"))}, ""},
		{"an indexed xattr", []find.Test{find.Xattr("scoutfs.indx.level.7.200", nil)}, "/docs/tape/partial"},
		{"meta_seq", []find.Test{find.MetaSeq(find.Span{Min: 4, Max: 5})}, "/docs/small.txt /docs/tape /hard.txt"},
		{"data_seq", []find.Test{find.DataSeq(find.Span{Min: 2, Max: 4})}, "/docs/big.TXT /docs/small.txt /hard.txt"},
		{"not data_seq", []find.Test{find.Not(find.DataSeq(find.Span{Min: 2, Max: 4})), find.Type(format.ModeRegular)}, "/docs/tape/offline /docs/tape/partial"},
		{"inode", []find.Test{find.Ino(exactly(1026))}, "/docs/small.txt /hard.txt"},
		{"inodes", []find.Test{find.Ino(find.Span{Min: 0, Max: 1024})}, "/ /docs"},
		{"no inode", []find.Test{find.Ino(exactly(5555))}, ""},
	}
	tr := open(t, sample(t).Memory())
	for _, test := range tests {
		ways := []find.Way{find.Auto, find.Scan, find.Walk}
		if s := find.New(tr, resolve(t, tr, "/"), find.Query{Tests: test.tests, MaxDepth: -1, Way: find.Index}); true {
			if _, err := search(t.Context(), s); !errors.Is(err, syscall.EOPNOTSUPP) {
				ways = append(ways, find.Index)
			}
		}
		for _, way := range ways {
			s := find.New(tr, resolve(t, tr, "/"), find.Query{Tests: test.tests, MaxDepth: -1, Way: way})
			got, err := search(t.Context(), s)
			if err != nil {
				t.Errorf("%s, %v: %v", test.name, way, err)
			}
			if text := strings.Join(got, " "); text != test.want {
				t.Errorf("%s, %v: found\n\t%s, want\n\t%s", test.name, way, text, test.want)
			}
			if r := s.Report(); r.Matches != uint64(len(got)) {
				t.Errorf("%s, %v: reports %d matches of %d", test.name, way, r.Matches, len(got))
			}
		}
	}
}

func TestStartsAndDepths(t *testing.T) {
	t.Parallel()
	tr := open(t, sample(t).Memory())
	tests := []struct {
		start string
		depth int
		want  string
	}{
		{"/docs", -1, "/docs /docs/big.TXT /docs/small.txt /docs/tape /docs/tape/offline /docs/tape/partial"},
		{"docs/", 1, "docs/ docs/big.TXT docs/small.txt docs/tape"},
		{"/", 0, "/"},
		{"/", 1, "/ /.fifo /docs /hard.txt /symlink"},
		{"/", 2, "/ /.fifo /docs /docs/big.TXT /docs/small.txt /docs/tape /hard.txt /symlink"},
		{"/docs/tape/../tape", 1, "/docs/tape/../tape /docs/tape/../tape/offline /docs/tape/../tape/partial"},
		{"/docs/small.txt", -1, "/docs/small.txt"},
	}
	for _, test := range tests {
		for _, q := range []find.Query{
			{Way: find.Walk},
			{Way: find.Scan},
			{Way: find.Index, Tests: []find.Test{find.Ino(find.Span{Min: 0, Max: 2000})}},
		} {
			q.MaxDepth = test.depth
			got, err := search(t.Context(), find.New(tr, resolve(t, tr, test.start), q))
			if err != nil {
				t.Error(err)
			}
			if text := strings.Join(got, " "); text != test.want {
				t.Errorf("%s to depth %d, %v: found\n\t%s, want\n\t%s", test.start, test.depth, q.Way, text, test.want)
			}
		}
	}
}

func TestWayThatIsChosen(t *testing.T) {
	t.Parallel()
	v := sample(t)
	dir := v.Dir(format.RootIno, "dir")
	for i := range 1500 {
		v.File(dir, fmt.Sprint(i))
	}
	tr := open(t, v.Memory())
	tests := []struct {
		start  string
		depth  int
		test   find.Test
		want   find.Way
		detail string
	}{
		{"/", -1, find.Size(exactly(1)), find.Scan, "no test that an index answers"},
		{"/docs", -1, find.Size(exactly(1)), find.Walk, "no test that an index answers"},
		{"/", 3, find.Size(exactly(1)), find.Walk, "no test that an index answers"},
		{"/docs", -1, find.MetaSeq(find.Span{Min: 2, Max: 9}), find.Index, "meta_seq index"},
		{"/", -1, find.MetaSeq(atLeast(3)), find.Scan, "the meta_seq index names more than 1000 inodes"},
		{"/", -1, find.MetaSeq(atLeast(0)), find.Scan, "no test that an index answers"},
		{"/", -1, find.DataSeq(find.Span{Min: 2, Max: 9}), find.Index, "data_seq index"},
		{"/", -1, find.Ino(exactly(1)), find.Index, "inode numbers"},
		{"/", -1, find.Ino(atLeast(1)), find.Index, "inode numbers"},
		{"/", -1, find.Not(find.Ino(exactly(1))), find.Scan, "no test that an index answers"},
		{"/", -1, find.Xattr("scoutfs.srch.x.y", nil), find.Index, "search files"},
		{"/", -1, find.Xattr("scoutfs.srch.indx.a.1.2", nil), find.Index, "xattr index"},
		{"/", -1, find.Xattr("user.x", nil), find.Scan, "no test that an index answers"},
		{"/", -1, tag(t, "indx"), find.Index, "xattr index"},
		{"/", -1, tag(t, "srch"), find.Scan, "no test that an index answers"},
	}
	for _, test := range tests {
		s := find.New(tr, resolve(t, tr, test.start), find.Query{Tests: []find.Test{test.test}, MaxDepth: test.depth})
		if _, err := search(t.Context(), s); err != nil {
			t.Error(err)
		}
		r := s.Report()
		if r.Way != test.want || r.Detail != test.detail {
			t.Errorf("%v below %s: %v (%s), want %v (%s)", test.test, test.start, r.Way, r.Detail, test.want, test.detail)
		}
	}
}

func TestReportCounts(t *testing.T) {
	t.Parallel()
	tr := open(t, sample(t).Memory())
	run := func(q find.Query) find.Report {
		q.MaxDepth = -1
		s := find.New(tr, resolve(t, tr, "/"), q)
		if _, err := search(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		r := s.Report()
		if r.Cached == 0 {
			t.Error("no block came from the cache")
		}
		r.Blocks, r.Cached = 0, 0
		return r
	}
	want := find.Report{
		Way: find.Index, Detail: "meta_seq index", Tests: []string{"meta_seq 4..5", `not name like "h*"`},
		Indexed: 2, Looked: 2, Matches: 2,
	}
	got := run(find.Query{Tests: []find.Test{find.MetaSeq(find.Span{Min: 4, Max: 5}), find.Not(find.Name(find.NewGlob("h*", false)))}})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	want = find.Report{Way: find.Scan, Detail: "no test that an index answers", Tests: []string{"type directory"}, Looked: 9, Matches: 3}
	if diff := cmp.Diff(want, run(find.Query{Tests: []find.Test{find.Type(format.ModeDirectory)}})); diff != "" {
		t.Error(diff)
	}
}

// Damage is told, and everything else is found.
func TestDamageDoesNotEndASearch(t *testing.T) {
	t.Parallel()
	v := sample(t)
	lost := v.Dir(format.RootIno, "lost")
	v.File(lost, "child")
	v.File(lost, "other")
	v.Item(format.LinkBackrefKey(lost, format.RootIno, 6), nil)
	v.Item(format.InodeKey(1025), []byte("short"))
	a := v.Dir(format.RootIno, "a")
	b := v.Dir(a, "b")
	v.File(b, "round")
	v.Item(format.LinkBackrefKey(a, format.RootIno, 7), nil)
	v.Entry(b, "a", a, format.ModeDirectory)
	tr := open(t, v.Memory())
	s := find.New(tr, resolve(t, tr, "/"), find.Query{MaxDepth: -1, Way: find.Scan, Tests: []find.Test{find.Type(format.ModeRegular)}})
	var got []string
	var problems []error
	for m, err := range s.Matches(t.Context()) {
		if err != nil {
			problems = append(problems, err)
			continue
		}
		got = append(got, string(m.Path))
	}
	slices.Sort(got)
	want := "/docs/small.txt /docs/tape/offline /docs/tape/partial /hard.txt"
	if text := strings.Join(got, " "); text != want {
		t.Errorf("found %s, want %s", text, want)
	}
	// The inode, the directory without a name, and the one below itself.
	if len(problems) != 3 {
		t.Errorf("%d problems: %v", len(problems), problems)
	}
	for _, err := range problems {
		if corrupt := (*format.CorruptError)(nil); !errors.As(err, &corrupt) {
			t.Errorf("no damage: %v", err)
		}
	}
}

func TestSearchStops(t *testing.T) {
	t.Parallel()
	v := testtree.New(t, 2)
	for i := range 3000 {
		v.File(format.RootIno, fmt.Sprint(i))
	}
	tr := open(t, v.Memory())
	for _, way := range []find.Way{find.Scan, find.Walk} {
		n := 0
		for range find.New(tr, resolve(t, tr, "/"), find.Query{MaxDepth: -1, Way: way}).Matches(t.Context()) {
			if n++; n == 10 {
				break
			}
		}
		why := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		var last error
		n = 0
		for _, err := range find.New(tr, resolve(t, tr, "/"), find.Query{MaxDepth: -1, Way: way}).Matches(ctx) {
			if n++; n == 10 {
				cancel(why)
			}
			last = err
		}
		if way == find.Walk && !errors.Is(last, why) {
			t.Errorf("%v: the last error is %v", way, last)
		}
		cancel(nil)
	}
}
