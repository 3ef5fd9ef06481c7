// SPDX-License-Identifier: GPL-2.0-or-later

package find

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"scoutfs/engine/format"
	"scoutfs/walk/tree"
)

// Test is one condition on a file. A test of what is not known of a file,
// such as its project on a file system without any, does not hold, and
// neither does its opposite.
type Test struct {
	what string // for people
	not  bool

	// One of these says what is tested.
	attr  func(*tree.Attr) (holds, known bool)
	name  *Glob
	path  *Glob
	tag   func(format.XattrTags) bool
	xattr string

	want  tree.Want // what attr looks at
	value *string   // that xattr must have; nil is any
	hint  hint
}

// hint is an index that has all files for which a test holds.
type hint struct {
	kind hintKind
	span Span   // of numbers, for those that have an order
	name string // of a searchable attribute

	// An indexed attribute's place in its index; without onePlace all of it.
	major    uint8
	minor    uint64
	onePlace bool
}

type hintKind uint8

const (
	noHint hintKind = iota
	inoHint
	metaSeqHint
	dataSeqHint
	srchHint
	indxHint
)

// String says what is tested, for people.
func (t Test) String() string {
	if t.not {
		return "not " + t.what
	}
	return t.what
}

// Not is the opposite of a test.
func Not(t Test) Test {
	t.not = !t.not
	t.hint = hint{}
	return t
}

// Span is a range of numbers, both ends included.
type Span struct{ Min, Max uint64 }

// AnyNumber is the range of all numbers.
func AnyNumber() Span { return Span{0, math.MaxUint64} }

// Contains reports whether a number is in the range.
func (s Span) Contains(n uint64) bool { return s.Min <= n && n <= s.Max }

// String writes the range as MIN..MAX.
func (s Span) String() string {
	switch {
	case s.Min == s.Max:
		return fmt.Sprint(s.Min)
	case s.Max == math.MaxUint64:
		return fmt.Sprintf("%d..", s.Min)
	}
	return fmt.Sprintf("%d..%d", s.Min, s.Max)
}

// Period is a range of times, from the first included to the second
// excluded. A zero time is no bound.
type Period struct{ From, Until time.Time }

// Contains reports whether a time is in the range.
func (p Period) Contains(t time.Time) bool {
	return (p.From.IsZero() || !t.Before(p.From)) && (p.Until.IsZero() || t.Before(p.Until))
}

// String writes the range as FROM..UNTIL.
func (p Period) String() string {
	text := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339Nano)
	}
	return text(p.From) + ".." + text(p.Until)
}

// Name tests the last component of a path. A file with several names is
// found under those that match.
func Name(g *Glob) Test { return Test{what: fmt.Sprintf("name like %q", g), name: g} }

// Path tests the whole path, as it is shown.
func Path(g *Glob) Test { return Test{what: fmt.Sprintf("path like %q", g), path: g} }

// Type tests for one of the types, format.ModeRegular and so on.
func Type(types ...uint32) Test {
	var names []string
	for _, t := range types {
		names = append(names, TypeName(t))
	}
	return Test{
		what: "type " + strings.Join(names, " or "),
		attr: func(a *tree.Attr) (bool, bool) { return slices.Contains(types, a.Type()), true },
	}
}

// TypeName returns the word for a type of file, "unknown" if it is none.
func TypeName(typ uint32) string {
	switch typ {
	case format.ModeRegular:
		return "file"
	case format.ModeDirectory:
		return "directory"
	case format.ModeSymlink:
		return "symlink"
	case format.ModeFIFO:
		return "fifo"
	case format.ModeSocket:
		return "socket"
	case format.ModeBlockDevice:
		return "block-device"
	case format.ModeCharDevice:
		return "char-device"
	}
	return "unknown"
}

// number tests a number that is always known.
func number(what string, s Span, of func(*tree.Attr) uint64) Test {
	return Test{
		what: fmt.Sprintf("%s %v", what, s),
		attr: func(a *tree.Attr) (bool, bool) { return s.Contains(of(a)), true },
	}
}

// Size tests the size in bytes.
func Size(s Span) Test { return number("size", s, func(a *tree.Attr) uint64 { return a.Size }) }

// UID tests the owner.
func UID(s Span) Test { return number("uid", s, func(a *tree.Attr) uint64 { return uint64(a.UID) }) }

// GID tests the group.
func GID(s Span) Test { return number("gid", s, func(a *tree.Attr) uint64 { return uint64(a.GID) }) }

// Links tests the number of links.
func Links(s Span) Test {
	return number("links", s, func(a *tree.Attr) uint64 { return uint64(a.Nlink) })
}

// Ino tests the inode number.
func Ino(s Span) Test {
	t := number("inode number", s, func(a *tree.Attr) uint64 { return a.Ino })
	t.hint = hint{kind: inoHint, span: s}
	return t
}

// archived tests a number that scoutfs knows.
func archived(what string, s Span, of func(*tree.Archive) uint64) Test {
	return Test{
		what: fmt.Sprintf("%s %v", what, s),
		want: tree.WantArchive,
		attr: func(a *tree.Attr) (bool, bool) { return s.Contains(of(&a.Archive)), a.Archive.Known },
	}
}

// MetaSeq tests the sequence number of the last change.
func MetaSeq(s Span) Test {
	t := archived("meta_seq", s, func(a *tree.Archive) uint64 { return a.MetaSeq })
	t.hint = hint{kind: metaSeqHint, span: s}
	return t
}

// DataSeq tests the sequence number of a regular file's last change of data.
func DataSeq(s Span) Test {
	t := archived("data_seq", s, func(a *tree.Archive) uint64 { return a.DataSeq })
	of := t.attr
	t.attr = func(a *tree.Attr) (holds, known bool) {
		holds, known = of(a)
		return holds && a.IsRegular(), known
	}
	t.hint = hint{kind: dataSeqHint, span: s}
	return t
}

// DataVersion tests the data version.
func DataVersion(s Span) Test {
	return archived("data version", s, func(a *tree.Archive) uint64 { return a.DataVersion })
}

// Project tests the project.
func Project(s Span) Test {
	return Test{
		what: fmt.Sprintf("project %v", s),
		want: tree.WantArchive | tree.WantProject,
		attr: func(a *tree.Attr) (bool, bool) { return s.Contains(a.Archive.Project), a.Archive.ProjectKnown },
	}
}

// State tests for regular files whose data is in one of the states.
func State(states ...tree.State) Test {
	var names []string
	for _, s := range states {
		names = append(names, s.String())
	}
	return Test{
		what: "state " + strings.Join(names, " or "),
		want: tree.WantArchive,
		attr: func(a *tree.Attr) (bool, bool) {
			return slices.Contains(states, a.State()), a.Archive.Known && a.IsRegular()
		},
	}
}

func timeTest(what string, p Period, of func(*tree.Attr) time.Time) Test {
	return Test{
		what: fmt.Sprintf("%s %v", what, p),
		attr: func(a *tree.Attr) (bool, bool) { return p.Contains(of(a)), true },
	}
}

// Atime tests the time of the last access.
func Atime(p Period) Test {
	return timeTest("atime", p, func(a *tree.Attr) time.Time { return a.Atime })
}

// Mtime tests the time of the last change of content.
func Mtime(p Period) Test {
	return timeTest("mtime", p, func(a *tree.Attr) time.Time { return a.Mtime })
}

// Ctime tests the time of the last change of anything.
func Ctime(p Period) Test {
	return timeTest("ctime", p, func(a *tree.Attr) time.Time { return a.Ctime })
}

// Crtime tests the time of creation, which not every file system knows.
func Crtime(p Period) Test {
	return Test{
		what: fmt.Sprintf("crtime %v", p),
		want: tree.WantArchive,
		attr: func(a *tree.Attr) (bool, bool) { return p.Contains(a.Crtime), !a.Crtime.IsZero() },
	}
}

// Xattr tests for an extended attribute by its full name; value is what it
// must hold, nil for anything.
func Xattr(name string, value *string) Test {
	t := Test{what: fmt.Sprintf("xattr %q", name), xattr: name, value: value}
	if value != nil {
		t.what += fmt.Sprintf(" = %q", *value)
	}
	tags, ok := format.ParseXattrTags(name)
	major, minor, parsed := format.ParseIndx(name)
	switch {
	case ok && tags.Indx && parsed:
		t.hint = hint{kind: indxHint, major: major, minor: minor, onePlace: true}
	case ok && tags.Srch:
		t.hint = hint{kind: srchHint, name: name}
	}
	return t
}

// Tag tests for an extended attribute with a tag: "hide", "indx", "srch" or
// "totl".
func Tag(name string) (Test, error) {
	tags := map[string]func(format.XattrTags) bool{
		"hide": func(t format.XattrTags) bool { return t.Hide },
		"indx": func(t format.XattrTags) bool { return t.Indx },
		"srch": func(t format.XattrTags) bool { return t.Srch },
		"totl": func(t format.XattrTags) bool { return t.Totl },
	}
	has := tags[name]
	if has == nil {
		return Test{}, fmt.Errorf("unknown tag '%s', use one of hide, indx, srch, totl", name)
	}
	t := Test{what: "xattr with the tag " + name, tag: has}
	if name == "indx" {
		t.hint = hint{kind: indxHint}
	}
	return t, nil
}
