// SPDX-License-Identifier: GPL-2.0-or-later

package find

import (
	"bytes"
	"context"
	"slices"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/walk/tree"
)

// matcher holds the tests of a query by what they cost.
type matcher struct {
	attrs  []Test
	names  []Test
	paths  []Test
	xattrs []Test
	want   tree.Want // that the tests look at
	values bool      // some test looks at the value of an attribute
}

func newMatcher(tests []Test, want tree.Want) *matcher {
	m := &matcher{want: want}
	for _, t := range tests {
		switch {
		case t.attr != nil:
			m.attrs = append(m.attrs, t)
			m.want |= t.want
		case t.name != nil:
			m.names = append(m.names, t)
		case t.path != nil:
			m.paths = append(m.paths, t)
		default:
			m.xattrs = append(m.xattrs, t)
			m.values = m.values || t.value != nil
		}
	}
	return m
}

// attributes reports whether the tests of attributes hold. answered is the
// kind of index that named the inode: its tests hold where they are unknown.
func (m *matcher) attributes(a *tree.Attr, answered hintKind) bool {
	for i := range m.attrs {
		t := &m.attrs[i]
		holds, known := t.attr(a)
		if !known && t.hint.kind != noHint && t.hint.kind == answered {
			continue
		}
		if !known || holds == t.not {
			return false
		}
	}
	return true
}

// name reports whether the tests of names hold.
func (m *matcher) name(name []byte) bool {
	for i := range m.names {
		if t := &m.names[i]; t.name.Match(name) == t.not {
			return false
		}
	}
	return true
}

// path reports whether the tests of paths hold.
func (m *matcher) path(path []byte) bool {
	for i := range m.paths {
		if t := &m.paths[i]; t.path.Match(path) == t.not {
			return false
		}
	}
	return true
}

// mayHave reports whether the tests of extended attributes hold or could, if
// their values were known.
func (m *matcher) mayHave(xattrs []fs.XattrName) bool {
	for i := range m.xattrs {
		t := &m.xattrs[i]
		if t.not && t.value != nil {
			continue
		}
		found := slices.ContainsFunc(xattrs, func(x fs.XattrName) bool { return t.hasName(x.Name) })
		if found == t.not {
			return false
		}
	}
	return true
}

func (t *Test) hasName(name []byte) bool {
	if t.tag == nil {
		return string(name) == t.xattr
	}
	tags, ok := format.ParseXattrTags(name)
	return ok && t.tag(tags)
}

// have reports whether the tests of extended attributes hold for a file.
func (m *matcher) have(ctx context.Context, tr tree.Tree, n tree.Node) (bool, error) {
	if len(m.xattrs) == 0 {
		return true, nil
	}
	found := make([]bool, len(m.xattrs))
	for x, err := range tr.Xattrs(ctx, n, m.values) {
		if err != nil {
			return false, err
		}
		for i := range m.xattrs {
			t := &m.xattrs[i]
			if t.hasName([]byte(x.Name)) && (t.value == nil || bytes.Equal(x.Value, []byte(*t.value))) {
				found[i] = true
			}
		}
	}
	for i := range m.xattrs {
		if found[i] == m.xattrs[i].not {
			return false, nil
		}
	}
	return true, nil
}
