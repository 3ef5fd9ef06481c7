// SPDX-License-Identifier: GPL-2.0-or-later

package format_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"scoutfs/engine/format"
)

func TestViewACL(t *testing.T) {
	t.Parallel()
	// What setfacl -m u:1000:rw stores on a file of mode 0640.
	val := unhex(t, `02000000
		0100 0600 ffffffff
		0200 0600 e8030000
		0400 0400 ffffffff
		1000 0600 ffffffff
		2000 0000 ffffffff`)
	entries, err := format.ViewACL(val)
	if err != nil || len(entries) != 5 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	if e := &entries[1]; e.Tag.Get() != format.ACLUser || e.Perm.Get() != 6 || e.ID.Get() != 1000 {
		t.Errorf("user entry is %x", format.Bytes(e))
	}
	if err := format.CheckACL(entries); err != nil {
		t.Error(err)
	}
	if entries, err := format.ViewACL(val[:4]); err != nil || len(entries) != 0 {
		t.Errorf("an empty ACL has %d entries, %v", len(entries), err)
	}
	for _, test := range []struct {
		val  []byte
		want string
		as   error
	}{
		{nil, "acl of 0 bytes, expected a head of 4", syscall.EINVAL},
		{val[:3], "acl of 3 bytes, expected a head of 4", syscall.EINVAL},
		{val[:11], "acl of 11 bytes, expected 4 and a multiple of 8", syscall.EINVAL},
		{unhex(t, "01000000"), "acl version is 1, expected 2", syscall.EOPNOTSUPP},
	} {
		entries, err := format.ViewACL(test.val)
		if !errors.Is(err, test.as) || !strings.Contains(err.Error(), test.want) || entries != nil {
			t.Errorf("%x: %d entries, error %v, want %s", test.val, len(entries), err, test.want)
		}
	}
}

func TestCheckACL(t *testing.T) {
	t.Parallel()
	const none = format.ACLUndefinedID
	type entry struct {
		tag, perm uint16
		id        uint32
	}
	owner, group, other := entry{1, 7, none}, entry{4, 5, none}, entry{32, 0, none}
	mask := entry{16, 7, none}
	user, groups := entry{2, 4, 1000}, entry{8, 4, 50}
	for _, test := range []struct {
		name    string
		entries []entry
		want    string
	}{
		{"like a mode", []entry{owner, group, other}, ""},
		{"a mask more", []entry{owner, group, mask, other}, ""},
		{"a user", []entry{owner, user, group, mask, other}, ""},
		{"a group", []entry{owner, group, groups, mask, other}, ""},
		{"a user twice", []entry{owner, user, user, group, mask, other}, ""},
		{"users and groups", []entry{owner, user, user, group, groups, groups, mask, other}, ""},
		{"nothing", nil, "acl has no entry with tag 0x1"},
		{"no owner", []entry{group, other}, "acl has no entry with tag 0x1"},
		{"no group", []entry{owner, other}, "acl has no entry with tag 0x4"},
		{"no other", []entry{owner, group}, "acl has no entry with tag 0x20"},
		{"a user without mask", []entry{owner, user, group, other}, "acl has no entry with tag 0x10"},
		{"a group without mask", []entry{owner, group, groups, other}, "acl has no entry with tag 0x10"},
		{"owner twice", []entry{owner, owner, group, other}, "acl entry 1 repeats tag 0x1"},
		{"mask twice", []entry{owner, group, mask, mask, other}, "acl entry 3 repeats tag 0x10"},
		{"other twice", []entry{owner, group, other, other}, "acl entry 3 repeats tag 0x20"},
		{"group before owner", []entry{group, owner, other}, "acl entry 1 with tag 0x1 follows one with tag 0x4"},
		{"user after group", []entry{owner, group, user, mask, other}, "acl entry 2 with tag 0x2 follows one with tag 0x4"},
		{"mask last", []entry{owner, group, other, mask}, "acl entry 3 with tag 0x10 follows one with tag 0x20"},
		{"unknown tag", []entry{owner, group, other, {64, 0, none}}, "acl entry 3 has unknown tag 0x40"},
		{"two tags in one", []entry{owner, {3, 0, 1}, group, other}, "acl entry 1 has unknown tag 0x3"},
		{"no tag", []entry{{0, 0, none}, owner, group, other}, "acl entry 0 has unknown tag 0x0"},
		{"a permission more", []entry{owner, {4, 8, none}, other}, "acl entry 1 has permissions 010, expected at most 7"},
		{"a user without ID", []entry{owner, {2, 4, none}, group, mask, other}, "acl entry 1 has no ID"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			entries := make([]format.ACLEntry, len(test.entries))
			for i, e := range test.entries {
				entries[i].Tag.Set(e.tag)
				entries[i].Perm.Set(e.perm)
				entries[i].ID.Set(e.id)
			}
			err := format.CheckACL(entries)
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, syscall.EINVAL) || !strings.HasPrefix(err.Error(), test.want+": ") {
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
}
