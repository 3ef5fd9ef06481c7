// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"fmt"
	"syscall"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testlog"
)

// quotaRule returns a quota rule of names such as "7" (a literal), "uid" (an
// attribute) and "uid=7" (selecting).
func quotaRule(op, prio byte, limit uint64, flags byte, names ...string) format.QuotaRule {
	r := format.QuotaRule{Op: op, Prio: prio, RuleFlags: flags}
	r.Limit.Set(limit)
	sources := map[string]byte{"proj": format.QuotaSourceProj, "uid": format.QuotaSourceUID, "gid": format.QuotaSourceGID}
	for i, name := range names {
		var value uint64
		var source [8]byte
		if n, _ := fmt.Sscan(name, &value); n == 1 {
			r.NameVal[i].Set(value)
			continue
		}
		n := copy(source[:], name)
		for j, c := range source[:n] {
			if c == '=' {
				fmt.Sscan(name[j+1:], &value)
				r.NameFlags[i] = format.QuotaNameSelect
				n = j
			}
		}
		r.NameVal[i].Set(value)
		r.NameSource[i] = sources[string(source[:n])]
	}
	return r
}

func (v *writing) rules() (list []format.QuotaRule) {
	v.tb.Helper()
	v.view(func(f *fs.FS) {
		for _, r := range all(v.tb, f.QuotaRules(v.ctx, 0, 0)) {
			list = append(list, *r.Rule)
		}
	})
	return list
}

func TestQuotaRuleChanges(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
	root := rootCaller()
	good := quotaRule(format.QuotaOpInode, 1, 5, 0, "uid=7", "1", "gid")
	padded := good
	padded.Pad[3] = 9
	badOp, badFlag, badSelect := good, good, good
	badOp.Op = 2
	badFlag.RuleFlags = 2
	badSelect.NameSource[0] = format.QuotaSourceLiteral
	contradiction := quotaRule(format.QuotaOpInode, 1, 5, 0, "uid=7", "uid=8", "1")
	steps := []struct {
		name string
		do   func() error
		want syscall.Errno
		left int
	}{
		{"add by a user", func() error { return v.AddQuotaRule(v.ctx, user(1), badOp) }, syscall.EPERM, 0},
		{"delete by a user", func() error { return v.DelQuotaRule(v.ctx, user(1), good) }, syscall.EPERM, 0},
		{"operation", func() error { return v.AddQuotaRule(v.ctx, root, badOp) }, syscall.EINVAL, 0},
		{"flag", func() error { return v.AddQuotaRule(v.ctx, root, badFlag) }, syscall.EINVAL, 0},
		{"selecting a literal", func() error { return v.AddQuotaRule(v.ctx, root, badSelect) }, syscall.EINVAL, 0},
		{"contradiction", func() error { return v.AddQuotaRule(v.ctx, root, contradiction) }, syscall.EINVAL, 0},
		{"deleting what may not be", func() error { return v.DelQuotaRule(v.ctx, root, badOp) }, syscall.EINVAL, 0},
		{"deleting none", func() error { return v.DelQuotaRule(v.ctx, root, good) }, syscall.ENOENT, 0},
		{"add", func() error { return v.AddQuotaRule(v.ctx, root, good) }, 0, 1},
		{"add again", func() error { return v.AddQuotaRule(v.ctx, root, good) }, syscall.EEXIST, 1},
		{"add again with a pad", func() error { return v.AddQuotaRule(v.ctx, root, padded) }, syscall.EEXIST, 1},
		{"add another", func() error { return v.AddQuotaRule(v.ctx, root, quotaRule(0, 2, 5, 0, "uid=7", "1", "gid")) }, 0, 2},
		{"delete another limit", func() error { return v.DelQuotaRule(v.ctx, root, quotaRule(0, 1, 6, 0, "uid=7", "1", "gid")) }, syscall.ENOENT, 2},
		{"delete with a pad", func() error { return v.DelQuotaRule(v.ctx, root, padded) }, 0, 1},
		{"add after deleting", func() error { return v.AddQuotaRule(v.ctx, root, good) }, 0, 2},
	}
	for _, s := range steps {
		is(t, s.do(), s.want)
		if got := len(v.rules()); got != s.left {
			t.Errorf("%s: there are %d rules, want %d", s.name, got, s.left)
		}
	}
	v.check()
}

func TestQuotasNeedVersion2(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{FormatVersion: 1}, fs.WriterOptions{})
	bad := quotaRule(9, 1, 5, 0, "1", "2", "3")
	is(t, v.AddQuotaRule(v.ctx, user(1), bad), syscall.EPERM)
	is(t, v.AddQuotaRule(v.ctx, rootCaller(), bad), syscall.EOPNOTSUPP)
	is(t, v.DelQuotaRule(v.ctx, rootCaller(), bad), syscall.EOPNOTSUPP)
	v.check()
}

// TestQuotaOfInodes makes files of user 7 and group 8 in a directory of
// project 9, while totals 1.1.1 to 4.4.4 and of all the attributes are 10 in 3
// xattrs.
func TestQuotaOfInodes(t *testing.T) {
	t.Parallel()
	const ino, data, count = format.QuotaOpInode, format.QuotaOpData, format.QuotaRuleTotlCount
	tests := []struct {
		name  string
		rules []format.QuotaRule
		want  syscall.Errno
	}{
		{"no rule", nil, 0},
		{"limit above", []format.QuotaRule{quotaRule(ino, 0, 11, 0, "1", "1", "1")}, 0},
		{"limit reached", []format.QuotaRule{quotaRule(ino, 0, 10, 0, "1", "1", "1")}, syscall.EDQUOT},
		{"limit 0", []format.QuotaRule{quotaRule(ino, 0, 0, 0, "1", "1", "1")}, syscall.EDQUOT},
		{"limit 0 of no total", []format.QuotaRule{quotaRule(ino, 0, 0, 0, "1", "1", "99")}, 0},
		{"count above", []format.QuotaRule{quotaRule(ino, 0, 4, count, "1", "1", "1")}, 0},
		{"count reached", []format.QuotaRule{quotaRule(ino, 0, 3, count, "1", "1", "1")}, syscall.EDQUOT},
		{"other operation", []format.QuotaRule{quotaRule(data, 0, 0, 0, "1", "1", "1")}, 0},
		{"attributes", []format.QuotaRule{quotaRule(ino, 0, 10, 0, "uid", "gid", "proj")}, syscall.EDQUOT},
		{"selecting the user", []format.QuotaRule{quotaRule(ino, 0, 10, 0, "uid=7", "gid", "proj")}, syscall.EDQUOT},
		{"selecting the group", []format.QuotaRule{quotaRule(ino, 0, 10, 0, "uid", "gid=8", "proj")}, syscall.EDQUOT},
		{"selecting the project", []format.QuotaRule{quotaRule(ino, 0, 10, 0, "uid", "gid", "proj=9")}, syscall.EDQUOT},
		{"selecting another user", []format.QuotaRule{quotaRule(ino, 0, 10, 0, "uid=6", "gid", "proj")}, 0},
		{"selecting two, one of which is another", []format.QuotaRule{quotaRule(ino, 0, 10, 0, "uid=7", "gid=9", "proj")}, 0},
		{"greater priority lets pass", []format.QuotaRule{quotaRule(ino, 1, 0, 0, "1", "1", "1"), quotaRule(ino, 2, 11, 0, "2", "2", "2")}, 0},
		{"greater priority refuses", []format.QuotaRule{quotaRule(ino, 2, 0, 0, "1", "1", "1"), quotaRule(ino, 1, 11, 0, "2", "2", "2")}, syscall.EDQUOT},
		{"of one priority the greater name counts", []format.QuotaRule{quotaRule(ino, 1, 0, 0, "1", "1", "1"), quotaRule(ino, 1, 11, 0, "2", "2", "2")}, 0},
		{"greater rule that does not match", []format.QuotaRule{quotaRule(ino, 1, 0, 0, "1", "1", "1"), quotaRule(ino, 2, 11, 0, "uid=6", "2", "2")}, syscall.EDQUOT},
		{"greater rule of the other operation", []format.QuotaRule{quotaRule(ino, 1, 0, 0, "1", "1", "1"), quotaRule(data, 2, 11, 0, "2", "2", "2")}, syscall.EDQUOT},
	}
	who := fs.Caller{UID: 7, GID: 8}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
			dir := v.mkdir(format.RootIno, "dir", 0o777)
			v.must(v.SetAttrX(v.ctx, rootCaller(), dir, fs.AttrX{Mask: fs.AttrXProjectID, ProjectID: 9}))
			names := [][3]uint64{{1, 1, 1}, {2, 2, 2}, {7, 8, 9}}
			for _, name := range names {
				v.must(v.InjectTotlDelta(v.ctx, rootCaller(), name, 10, 3))
			}
			old := v.made(v.Create(v.ctx, who, dir, "before", 0o600))
			for _, r := range test.rules {
				v.must(v.AddQuotaRule(v.ctx, rootCaller(), r))
			}
			attempts := map[string]func() error{
				"create":  func() error { _, err := v.Create(v.ctx, who, dir, "create", 0o600); return err },
				"mkdir":   func() error { _, err := v.Mkdir(v.ctx, who, dir, "mkdir", 0o600); return err },
				"mknod":   func() error { _, err := v.Mknod(v.ctx, who, dir, "mknod", format.ModeFIFO, 0); return err },
				"symlink": func() error { _, err := v.Symlink(v.ctx, who, dir, "symlink", "x"); return err },
				"tmpfile": func() error { _, err := v.Tmpfile(v.ctx, who, dir, 0o600); return err },
			}
			for name, do := range attempts {
				if err := do(); (err == nil) != (test.want == 0) {
					t.Errorf("%s: error is %v, want %v", name, err, test.want)
				} else {
					is(t, err, test.want)
				}
			}
			_, err := v.Link(v.ctx, who, old, dir, "link") // makes no inode
			is(t, err, 0)
			for _, r := range test.rules {
				v.must(v.DelQuotaRule(v.ctx, rootCaller(), r))
			}
			_, err = v.Create(v.ctx, who, dir, "after", 0o600)
			is(t, err, 0)
			for _, name := range names {
				v.must(v.InjectTotlDelta(v.ctx, rootCaller(), name, -10, -3))
			}
			v.check()
		})
	}
}

// TestQuotaOfSetgidDirectory counts files by the group that they get.
func TestQuotaOfSetgidDirectory(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
	dir := v.nodeOf(0, 20, format.ModeDirectory|0o2777)
	v.must(v.InjectTotlDelta(v.ctx, rootCaller(), [3]uint64{1, 1, 20}, 1, 1))
	v.must(v.AddQuotaRule(v.ctx, rootCaller(), quotaRule(format.QuotaOpInode, 0, 1, 0, "1", "1", "gid=20")))
	_, err := v.Create(v.ctx, user(8), dir, "x", 0o600)
	is(t, err, syscall.EDQUOT)
	v.must(v.InjectTotlDelta(v.ctx, rootCaller(), [3]uint64{1, 1, 20}, -1, -1))
	v.check()
}

func TestProjectIsInherited(t *testing.T) {
	t.Parallel()
	for version, want := range map[uint64]uint64{1: 0, 2: 1<<64 - 1} {
		v := newWriting(t, testlog.Options{FormatVersion: version}, fs.WriterOptions{})
		dir := v.mkdir(format.RootIno, "dir", 0o777)
		if version == 2 {
			v.must(v.SetAttrX(v.ctx, rootCaller(), dir, fs.AttrX{Mask: fs.AttrXProjectID, ProjectID: want}))
		}
		made := []uint64{
			v.create(dir, "file", 0o600),
			v.mkdir(dir, "dir", 0o700),
			v.made(v.Symlink(v.ctx, rootCaller(), dir, "link", "x")),
			v.made(v.Mknod(v.ctx, rootCaller(), dir, "fifo", format.ModeFIFO, 0)),
			v.made(v.Tmpfile(v.ctx, rootCaller(), dir, 0o600)),
		}
		for _, ino := range made {
			if got := v.inode(ino).Proj; got != want {
				t.Errorf("project of inode %d in format version %d is %d, want %d", ino, version, got, want)
			}
		}
		outside := v.create(format.RootIno, "outside", 0o600)
		v.must(v.Rename(v.ctx, rootCaller(), format.RootIno, "outside", dir, "moved", 0))
		if got := v.inode(outside).Proj; got != 0 {
			t.Errorf("project of what was moved in is %d, want 0", got)
		}
		v.check()
	}
}
