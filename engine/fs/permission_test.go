// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testlog"
)

// acl returns the value of an ACL's xattr from "u::7", "u:10:6", "g::5",
// "g:20:1", "m::7", "o::0".
func acl(tb testing.TB, entries ...string) []byte {
	tb.Helper()
	value := binary.LittleEndian.AppendUint32(nil, format.ACLVersion)
	for _, e := range entries {
		var tag byte
		var id uint32 = format.ACLUndefinedID
		var perm uint16
		if _, err := fmt.Sscanf(e, "%c:%d:%d", &tag, &id, &perm); err != nil {
			if _, err := fmt.Sscanf(e, "%c::%d", &tag, &perm); err != nil {
				tb.Fatalf("%q: %v", e, err)
			}
			id = format.ACLUndefinedID
		}
		tags := map[byte][2]uint16{
			'u': {format.ACLUserObj, format.ACLUser}, 'g': {format.ACLGroupObj, format.ACLGroup},
			'm': {format.ACLMask, 0}, 'o': {format.ACLOther, 0},
		}[tag]
		which := tags[0]
		if id != format.ACLUndefinedID {
			which = tags[1]
		}
		value = binary.LittleEndian.AppendUint16(value, which)
		value = binary.LittleEndian.AppendUint16(value, perm)
		value = binary.LittleEndian.AppendUint32(value, id)
	}
	return value
}

// TestWhoMayWrite asks for permission by creating a file in a directory of
// user 10 and group 20, which takes writing and executing.
func TestWhoMayWrite(t *testing.T) {
	t.Parallel()
	owner := fs.Caller{UID: 10, GID: 1}
	member := fs.Caller{UID: 11, GID: 20}
	also := fs.Caller{UID: 11, GID: 1, Groups: []uint32{2, 20}}
	other := fs.Caller{UID: 11, GID: 1}
	root := fs.Caller{Admin: true}
	user0 := fs.Caller{} // number 0 is nothing special
	named := acl(t, "u::7", "u:11:7", "g::0", "m::7", "o::0")
	masked := acl(t, "u::7", "u:11:7", "g::7", "m::5", "o::7")
	groups := acl(t, "u::7", "g::0", "g:1:7", "g:2:0", "m::7", "o::0")
	tests := []struct {
		name  string
		mode  uint32
		acl   []byte
		noACL bool
		who   fs.Caller
		may   bool
	}{
		{"owner by the owner's digit", 0o300, nil, false, owner, true},
		{"owner by no other digit", 0o077, nil, false, owner, false},
		{"member by the group's digit", 0o030, nil, false, member, true},
		{"member by no other digit", 0o707, nil, false, member, false},
		{"supplementary group", 0o030, nil, false, also, true},
		{"supplementary group by no other digit", 0o707, nil, false, also, false},
		{"others", 0o003, nil, false, other, true},
		{"others by no other digit", 0o770, nil, false, other, false},
		{"write alone", 0o002, nil, false, other, false},
		{"execute alone", 0o001, nil, false, other, false},
		{"user 0 is one like others", 0o770, nil, false, user0, false},
		{"root", 0, nil, false, root, true},
		{"named user", 0o770, named, false, other, true},
		{"named user without ACLs", 0o770, named, true, other, false},
		{"nobody else", 0o770, named, false, fs.Caller{UID: 12, GID: 1}, false},
		{"member of the group, which has nothing", 0o770, named, false, fs.Caller{UID: 12, GID: 20}, false},
		{"owner is not masked", 0, masked, false, owner, true},
		{"named user is masked", 0, masked, false, other, false},
		{"member is masked", 0, masked, false, fs.Caller{UID: 12, GID: 20}, false},
		{"others are not masked", 0, masked, false, fs.Caller{UID: 12, GID: 1}, true},
		{"named group", 0, groups, false, fs.Caller{UID: 12, GID: 1}, true},
		{"one of several groups is enough", 0, groups, false, fs.Caller{UID: 12, GID: 2, Groups: []uint32{1}}, true},
		{"members are no others", 0, groups, false, fs.Caller{UID: 12, GID: 2}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
			dir := v.nodeOf(10, 20, format.ModeDirectory|test.mode)
			if test.acl != nil {
				v.must(v.SetXattr(v.ctx, root, dir, format.XattrACLAccess, test.acl, 0))
			}
			w := fs.NewWriter(v.volume.Log, nil, fs.WriterOptions{NoACL: test.noACL})
			_, err := w.Create(v.ctx, test.who, dir, "new", 0o600)
			if test.may {
				is(t, err, 0)
			} else {
				is(t, err, syscall.EACCES)
			}
			v.check()
		})
	}
}

// TestWhatNewInodesInherit checks mode, group and ACLs of what is made in a
// directory of group 20.
func TestWhatNewInodesInherit(t *testing.T) {
	t.Parallel()
	file, dir := uint32(format.ModeRegular), uint32(format.ModeDirectory)
	member := fs.Caller{UID: 10, GID: 20, Umask: 0o027}
	other := fs.Caller{UID: 10, GID: 1, Umask: 0o027}
	plain := acl(t, "u::7", "g::5", "o::1")
	named := acl(t, "u::7", "u:99:7", "g::5", "m::7", "o::1")
	tests := []struct {
		name                    string
		parent                  uint32
		acl                     []byte
		noACL                   bool
		who                     fs.Caller
		mode                    uint32
		wantMode, wantGID       uint32
		wantAccess, wantDefault []byte
	}{
		{"umask", 0o777, nil, false, other, file | 0o666, file | 0o640, 1, nil, nil},
		{"umask of a directory", 0o777, nil, false, other, dir | 0o777, dir | 0o750, 1, nil, nil},
		{"group of a setgid directory", 0o2777, nil, false, other, file | 0o666, file | 0o640, 20, nil, nil},
		{"setgid goes on", 0o2777, nil, false, other, dir | 0o777, dir | 0o2750, 20, nil, nil},
		{"setgid file of another's group", 0o2777, nil, false, other, file | 0o2775, file | 0o750, 20, nil, nil},
		{"setgid file of one's group", 0o2777, nil, false, member, file | 0o2775, file | 0o2750, 20, nil, nil},
		{"setgid without execution", 0o2777, nil, false, other, file | 0o2664, file | 0o2640, 20, nil, nil},
		{"default ACL instead of umask", 0o777, plain, false, other, file | 0o666, file | 0o640, 1, nil, nil},
		{"default ACL without write", 0o777, plain, false, other, file | 0o777, file | 0o751, 1, nil, nil},
		{"default ACL of a directory", 0o777, plain, false, other, dir | 0o777, dir | 0o751, 1, nil, plain},
		{
			"default ACL that names somebody", 0o777, named, false, other, file | 0o640, file | 0o640, 1,
			acl(t, "u::6", "u:99:7", "g::5", "m::4", "o::0"), nil,
		},
		{
			"and of a directory", 0o777, named, false, other, dir | 0o755, dir | 0o751, 1,
			acl(t, "u::7", "u:99:7", "g::5", "m::5", "o::1"), named,
		},
		{
			"setgid is lost with an ACL of another's group", 0o2777, named, false, other, dir | 0o755, dir | 0o751, 20,
			acl(t, "u::7", "u:99:7", "g::5", "m::5", "o::1"), named,
		},
		{"default ACL without ACLs", 0o777, named, true, other, file | 0o666, file | 0o640, 1, nil, nil},
		{"default ACL and symbolic links", 0o777, named, false, other, format.ModeSymlink, format.ModeSymlink | 0o777, 1, nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
			parent := v.nodeOf(30, 20, dir|test.parent)
			if test.acl != nil {
				v.must(v.SetXattr(v.ctx, rootCaller(), parent, format.XattrACLDefault, test.acl, 0))
			}
			w := fs.NewWriter(v.volume.Log, nil, fs.WriterOptions{NoACL: test.noACL})
			var in fs.Inode
			var err error
			switch test.mode & format.ModeTypeMask {
			case format.ModeDirectory:
				in, err = w.Mkdir(v.ctx, test.who, parent, "new", test.mode)
			case format.ModeSymlink:
				in, err = w.Symlink(v.ctx, test.who, parent, "new", "x")
			default:
				in, err = w.Create(v.ctx, test.who, parent, "new", test.mode)
			}
			v.must(err)
			if in.Mode != test.wantMode || in.GID != test.wantGID {
				t.Errorf("mode is %#o, group %d, want %#o and %d", in.Mode, in.GID, test.wantMode, test.wantGID)
			}
			v.hasXattr(in.Ino, format.XattrACLAccess, test.wantAccess)
			v.hasXattr(in.Ino, format.XattrACLDefault, test.wantDefault)
			v.check()
		})
	}
}

// hasXattr fails the test unless an xattr has a value, or is not there for nil.
func (v *writing) hasXattr(ino uint64, name string, want []byte) {
	v.tb.Helper()
	v.view(func(f *fs.FS) {
		x, err := f.Xattr(v.ctx, ino, name)
		switch {
		case want == nil && !errors.Is(err, syscall.ENODATA):
			v.tb.Errorf("xattr %q of inode %d is %x, %v, want none", name, ino, x.Value, err)
		case want != nil && (err != nil || string(x.Value) != string(want)):
			v.tb.Errorf("xattr %q of inode %d is %x, %v, want %x", name, ino, x.Value, err, want)
		}
	})
}

func TestSettingACLs(t *testing.T) {
	t.Parallel()
	named := acl(t, "u::7", "u:99:6", "g::5", "m::6", "o::1")
	plain := acl(t, "u::6", "g::4", "o::0")
	unsorted := acl(t, "u::7", "g::5", "u:99:6", "m::6", "o::1")
	version := append([]byte{3, 0, 0, 0}, named[4:]...)
	odd := acl(t, "u::6", "g::4", "o::0")
	odd[8], odd[9], odd[10], odd[11] = 1, 2, 3, 4 // an id where there is none
	owner := user(10)
	const access, def = format.XattrACLAccess, format.XattrACLDefault
	type set struct {
		name  string
		value []byte // nil removes
	}
	tests := []struct {
		name     string
		noACL    bool
		who      fs.Caller
		mode     uint32
		sets     []set
		want     syscall.Errno
		wantMode uint32 // permissions
		access   []byte
		def      []byte
		wantVer  uint64 // versions more
	}{
		{"access ACL sets the mode", false, owner, 0o100600, []set{{access, named}}, 0, 0o761, named, nil, 1},
		{"of a directory", false, owner, 0o040700, []set{{access, named}}, 0, 0o761, named, nil, 1},
		{"ACL that is a mode is one", false, owner, 0o100777, []set{{access, plain}}, 0, 0o640, nil, nil, 1},
		{"ACL that is a mode replaces one", false, owner, 0o100777, []set{{access, named}, {access, plain}}, 0, 0o640, nil, nil, 3},
		{"ids that mean nothing are not kept", false, owner, 0o040777, []set{{def, odd}}, 0, 0o777, nil, plain, 1},
		{"removing leaves the mode", false, owner, 0o100777, []set{{access, named}, {access, nil}}, 0, 0o761, nil, nil, 2},
		{"an empty ACL removes", false, owner, 0o100777, []set{{access, named}, {access, named[:4]}}, 0, 0o761, nil, nil, 2},
		{"removing none", false, owner, 0o100777, []set{{access, nil}}, 0, 0o777, nil, nil, 0},
		{"default ACL", false, owner, 0o040700, []set{{def, named}}, 0, 0o700, nil, named, 1},
		{"default ACL that is a mode is kept", false, owner, 0o040700, []set{{def, plain}}, 0, 0o700, nil, plain, 1},
		{"default ACL removed", false, owner, 0o040700, []set{{def, named}, {def, nil}}, 0, 0o700, nil, nil, 2},
		{"default ACL of a file", false, owner, 0o100700, []set{{def, named}}, syscall.EINVAL, 0o700, nil, nil, 0},
		{"removing a file's default ACL", false, owner, 0o100700, []set{{def, nil}}, 0, 0o700, nil, nil, 0},
		{"not the owner", false, user(11), 0o100777, []set{{access, named}}, syscall.EPERM, 0o777, nil, nil, 0},
		{"not the owner, and no ACL", false, user(11), 0o100777, []set{{access, nil}}, syscall.EPERM, 0o777, nil, nil, 0},
		{"root", false, rootCaller(), 0o100600, []set{{access, named}}, 0, 0o761, named, nil, 1},
		{"no ACLs", true, owner, 0o100600, []set{{access, named}}, syscall.EOPNOTSUPP, 0o600, nil, nil, 0},
		{"no ACLs to remove", true, owner, 0o100600, []set{{def, nil}}, syscall.EOPNOTSUPP, 0o600, nil, nil, 0},
		{"owner before no ACLs", true, user(11), 0o100600, []set{{access, named}}, syscall.EPERM, 0o600, nil, nil, 0},
		{"no bytes", false, owner, 0o100600, []set{{access, []byte{}}}, syscall.EINVAL, 0o600, nil, nil, 0},
		{"half an entry", false, owner, 0o100600, []set{{access, named[:9]}}, syscall.EINVAL, 0o600, nil, nil, 0},
		{"another version", false, owner, 0o100600, []set{{access, version}}, syscall.EOPNOTSUPP, 0o600, nil, nil, 0},
		{"entries out of order", false, owner, 0o100600, []set{{access, unsorted}}, syscall.EINVAL, 0o600, nil, nil, 0},
		{"incomplete", false, owner, 0o100600, []set{{access, acl(t, "u::7", "g::5")}}, syscall.EINVAL, 0o600, nil, nil, 0},
		{"setgid of another's group is lost", false, owner, 0o102770, []set{{access, named}}, 0, 0o761, named, nil, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := newWriting(t, testlog.Options{}, fs.WriterOptions{NoACL: test.noACL})
			ino := v.nodeOf(10, 20, test.mode)
			before := v.inode(ino)
			v.tick()
			var err error
			for _, s := range test.sets {
				if s.value == nil {
					err = v.RemoveXattr(v.ctx, test.who, ino, s.name)
				} else {
					err = v.SetXattr(v.ctx, test.who, ino, s.name, s.value, 0)
				}
			}
			is(t, err, test.want)
			in := v.inode(ino)
			if in.Mode != before.Mode&format.ModeTypeMask|test.wantMode {
				t.Errorf("mode is %#o, want permissions %#o", in.Mode, test.wantMode)
			}
			if got := in.Version - before.Version; got != test.wantVer {
				t.Errorf("version grew by %d, want %d", got, test.wantVer)
			}
			if changed := in.Ctime != before.Ctime; changed != (test.wantVer > 0) {
				t.Errorf("ctime changed is %v", changed)
			}
			v.hasXattr(ino, access, test.access)
			v.hasXattr(ino, def, test.def)
			v.check()
		})
	}
}

func TestACLOfSymbolicLink(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
	link := v.made(v.Symlink(v.ctx, rootCaller(), format.RootIno, "link", "x"))
	is(t, v.SetXattr(v.ctx, rootCaller(), link, format.XattrACLAccess, acl(t, "u::7", "g::5", "o::5"), 0), syscall.EOPNOTSUPP)
	v.check()
}

func TestModeChangesACL(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		acl        []byte
		mode       uint32
		wantAccess []byte
	}{
		{"mask gets the group's digit", acl(t, "u::7", "u:99:6", "g::5", "m::6", "o::1"), 0o704, acl(t, "u::7", "u:99:6", "g::5", "m::0", "o::4")},
		{"bits beside the permissions", acl(t, "u::7", "u:99:6", "g::5", "m::6", "o::1"), 0o4711, acl(t, "u::7", "u:99:6", "g::5", "m::1", "o::1")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
			ino := v.nodeOf(10, 20, format.ModeRegular|0o600)
			v.must(v.SetXattr(v.ctx, user(10), ino, format.XattrACLAccess, test.acl, 0))
			in, err := v.SetAttr(v.ctx, user(10), ino, fs.Attr{Mask: fs.AttrMode, Mode: test.mode})
			v.must(err)
			if in.Mode != format.ModeRegular|test.mode {
				t.Errorf("mode is %#o, want %#o", in.Mode, test.mode)
			}
			v.hasXattr(ino, format.XattrACLAccess, test.wantAccess)
			v.check()
		})
	}
}
