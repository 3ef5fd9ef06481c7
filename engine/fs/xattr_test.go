// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testvolume"
)

// value returns so many bytes, none like its neighbours.
func value(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7 / 3)
	}
	return b
}

func TestXattrsOfAnySize(t *testing.T) {
	t.Parallel()
	b := testvolume.New(t)
	b.File(5, 0)
	longest := "user." + strings.Repeat("n", format.MaxNameLen-5)
	// Around the ends of the parts, which have 896 bytes with 8 of head.
	sizes := []int{0, 1, 881, 882, 883, 896, 1777, 1778, 1779, 65534, format.MaxXattrValueLen}
	for i, n := range sizes {
		b.Xattr(5, uint64(i), fmt.Sprintf("user.%04x", i), value(n)[:n:n])
	}
	b.Xattr(5, 50, longest, value(format.MaxXattrValueLen))
	b.Xattr(6, 0, "user.other", []byte("inode"))
	f := load(t, b)

	for i, n := range sizes {
		x, err := f.Xattr(t.Context(), 5, fmt.Sprintf("user.%04x", i))
		if err != nil || !bytes.Equal(x.Value, value(n)) || x.ID != uint64(i) {
			t.Errorf("value of %d bytes is read as %d of id %d (%v)", n, len(x.Value), x.ID, err)
		}
	}
	x, err := f.Xattr(t.Context(), 5, longest)
	if err != nil || !bytes.Equal(x.Value, value(format.MaxXattrValueLen)) {
		t.Errorf("value of the longest name is read as %d bytes (%v)", len(x.Value), err)
	}
	for _, name := range []string{"user.other", "user.", "", longest + "n"} {
		_, err := f.Xattr(t.Context(), 5, name)
		is(t, err, syscall.ENODATA)
	}

	list := all(t, f.Xattrs(t.Context(), 5, 0, 0))
	if len(list) != len(sizes)+1 || !slices.IsSortedFunc(list, byPlace) {
		t.Errorf("%d attributes, want %d in order of their places", len(list), len(sizes)+1)
	}
	for i, x := range list {
		from := all(t, f.Xattrs(t.Context(), 5, x.Hash, x.ID))
		behind := all(t, f.XattrNames(t.Context(), 5, x.Hash, x.ID+1))
		if len(from) != len(list)-i || len(behind) != len(list)-i-1 {
			t.Errorf("%d attributes from number %d on, and %d behind it", len(from), i, len(behind))
		}
	}
	for i, x := range all(t, f.XattrNames(t.Context(), 5, 0, 0)) {
		if string(x.Name) != string(list[i].Name) || x.ID != list[i].ID || x.Hash != list[i].Hash || x.Value != nil {
			t.Errorf("name %d is %q, want %q without a value", i, x.Name, list[i].Name)
		}
	}
}

func byPlace(x, y fs.Xattr) int {
	return cmp.Or(cmp.Compare(x.Hash, y.Hash), cmp.Compare(x.ID, y.ID))
}

func TestXattrsWithOneHash(t *testing.T) {
	t.Parallel()
	b := testvolume.New(t)
	hash := format.XattrNameHash("user.me")
	b.Xattr(5, 9, "user.me", value(2000))
	// Another name before it that happens to have its hash.
	b.Xattr(5, 4, "user.notme", value(3000))
	for part := range uint8(4) {
		from := format.XattrKey(5, format.XattrNameHash("user.notme"), 4, part)
		b.Items[format.XattrKey(5, hash, 4, part)] = b.Items[from]
		delete(b.Items, from)
	}
	f := load(t, b)
	if x, err := f.Xattr(t.Context(), 5, "user.me"); err != nil || x.ID != 9 || !bytes.Equal(x.Value, value(2000)) {
		t.Errorf("attribute is id %d (%v), want 9", x.ID, err)
	}
	if list := all(t, f.Xattrs(t.Context(), 5, 0, 0)); len(list) != 2 || list[0].ID != 4 || len(list[0].Value) != 3000 {
		t.Errorf("attributes are %d", len(list))
	}
}

func TestXattrIsFoundBesideDamagedOnes(t *testing.T) {
	t.Parallel()
	b := testvolume.New(t)
	for i := range uint64(20) {
		b.Xattr(5, i, fmt.Sprintf("user.%d", i), []byte("v"))
	}
	broken := format.XattrKey(5, format.XattrNameHash("user.7"), 7, 0)
	b.Put(broken, []byte("broken"))
	f := load(t, b)
	for i := range uint64(30) {
		_, err := f.Xattr(t.Context(), 5, fmt.Sprintf("user.%d", i))
		switch {
		case i == 7:
			is(t, err, syscall.EIO)
		case i >= 20:
			is(t, err, syscall.ENODATA)
		default:
			is(t, err, 0)
		}
	}
}

func TestHiddenXattrs(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		"user.hide.a":             false,
		"scoutfs.hide.":           false, // too short to have a tag
		"scoutfs.hide.a":          true,
		"scoutfs.srch.hide.a":     true,
		"scoutfs.srch.a":          false,
		"scoutfs.hide.hide.a":     false, // no valid tags
		"scoutfs.x.hide.a":        false,
		format.XattrACLAccess:     false,
		"scoutfs.totl.hide.1.2.3": true,
	}
	for name, want := range tests {
		if x := (fs.Xattr{Name: []byte(name)}); x.Hidden() != want {
			t.Errorf("%s is hidden: %v, want %v", name, !want, want)
		}
	}
}
