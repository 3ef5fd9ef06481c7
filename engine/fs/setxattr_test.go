// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testlog"
)

// TestXattrRefusals checks which error comes first, and that nothing changes.
func TestXattrRefusals(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
	file := v.nodeOf(10, 20, format.ModeRegular|0o640)
	sticky := v.mkdir(format.RootIno, "sticky", 0)
	v.chown(sticky, 0, 0, 0o1777)
	fifo := v.made(v.Mknod(v.ctx, rootCaller(), format.RootIno, "fifo", format.ModeFIFO|0o666, 0))
	v.chown(fifo, 0, 0, 0o666)
	kept := v.create(format.RootIno, "kept", 0o644)
	root, owner, other := rootCaller(), user(10), user(11)
	for _, name := range []string{"user.have", "scoutfs.totl.t.1.2.3", "scoutfs.srch.s", "scoutfs.indx.1.2"} {
		value := []byte("7")
		if strings.Contains(name, "indx") {
			value = nil
		}
		v.must(v.SetXattr(v.ctx, root, file, name, value, 0))
	}
	v.must(v.SetXattr(v.ctx, root, kept, "user.kept", nil, 0))
	v.must(v.SetAttrX(v.ctx, root, kept, fs.AttrX{Mask: fs.AttrXRetention, Retention: true}))
	const remove = 1 << 31 // as flags
	bigName := "user." + strings.Repeat("n", 251)
	bigTotl := "scoutfs.totl." + strings.Repeat("n", 250)
	tests := []struct {
		name  string
		who   fs.Caller
		ino   uint64
		xattr string
		value string
		flags uint32
		want  syscall.Errno
	}{
		{"unknown flags", root, 99, "", "", 4, syscall.EINVAL},
		{"no name", root, 99, "", "", 0, syscall.ERANGE},
		{"long name", root, 99, bigName, "", 0, syscall.ERANGE},
		{"long name removed", root, 99, bigName, "", remove, syscall.ERANGE},
		{"long name before tags", root, 99, bigTotl, "", 0, syscall.ERANGE},
		{"long value", root, 99, "user.x", strings.Repeat("v", 65537), 0, syscall.E2BIG},
		{"long name before value", root, 99, bigName, strings.Repeat("v", 65537), 0, syscall.ERANGE},
		{"value of a byte too much", owner, file, "user.x", strings.Repeat("v", 65536), 3, syscall.E2BIG},
		{"tags before a byte too much", owner, file, "scoutfs.none.x", strings.Repeat("v", 65536), 3, syscall.EINVAL},
		{"NUL", root, file, "user.a\x00b", "", 0, syscall.EINVAL},
		{"no inode", root, 99, "user.x", "", 0, syscall.ENOENT},
		{"unknown namespace", root, file, "other.x", "", 0, syscall.EOPNOTSUPP},
		{"no namespace", root, file, "x", "", 0, syscall.EOPNOTSUPP},
		{"prefix without dot", root, file, "user", "", 0, syscall.EOPNOTSUPP},
		{"system", root, file, "system.x", "", 0, syscall.EOPNOTSUPP},
		{"prefix alone", root, file, "user.", "", 0, syscall.EINVAL},
		{"prefix alone, trusted", root, file, "trusted.", "", 0, syscall.EINVAL},
		{"prefix alone, scoutfs", root, file, "scoutfs.", "", 0, syscall.EINVAL},
		{"permission before prefix alone", other, file, "user.", "", 0, syscall.EACCES},
		{"user without permission", other, file, "user.x", "", 0, syscall.EACCES},
		{"user without permission removed", other, file, "user.have", "", remove, syscall.EACCES},
		{"user of a fifo", root, fifo, "user.x", "", 0, syscall.EPERM},
		{"user of another's sticky directory", owner, sticky, "user.x", "", 0, syscall.EPERM},
		{"trusted", owner, file, "trusted.x", "", 0, syscall.EPERM},
		{"security", owner, file, "security.x", "", 0, syscall.EPERM},
		{"scoutfs without permission", other, file, "scoutfs.x", "", 0, syscall.EACCES},
		{"permission before tags", other, file, "scoutfs.none.x", "", 0, syscall.EACCES},
		{"no tag", owner, file, "scoutfs.none.x", "", 0, syscall.EINVAL},
		{"no tag removed", owner, file, "scoutfs.none.x", "", remove, syscall.EINVAL},
		{"tag twice", owner, file, "scoutfs.hide.hide.x", "", 0, syscall.EINVAL},
		{"totl and indx", owner, file, "scoutfs.totl.indx.1.2.3", "", 0, syscall.EINVAL},
		{"tags before flags", owner, file, "scoutfs.none.x", "", 3, syscall.EINVAL},
		{"create and replace", owner, file, "scoutfs.hide.x", "", 3, syscall.EINVAL},
		{"hide by a user", owner, file, "scoutfs.hide.x", "", 0, syscall.EPERM},
		{"srch by a user", owner, file, "scoutfs.srch.x", "", 0, syscall.EPERM},
		{"capability before numbers", owner, file, "scoutfs.totl.x", "", 0, syscall.EPERM},
		{"tags removed by a user", owner, file, "scoutfs.srch.s", "", remove, syscall.EPERM},
		{"totl without numbers", root, file, "scoutfs.totl.1.2", "1", 0, syscall.EINVAL},
		{"totl with a sign", root, file, "scoutfs.totl.1.2.-3", "1", 0, syscall.EINVAL},
		{"totl with too many digits", root, file, "scoutfs.totl.1.2." + strings.Repeat("0", 24), "1", 0, syscall.EINVAL},
		{"totl beyond 64 bits", root, file, "scoutfs.totl.1.2.18446744073709551616", "1", 0, syscall.EINVAL},
		{"indx without numbers", root, file, "scoutfs.indx.nr.x", "", 0, syscall.EINVAL},
		{"indx of 256", root, file, "scoutfs.indx.256.1", "", 0, syscall.EINVAL},
		{"retained", root, kept, "user.kept", "x", 0, syscall.EPERM},
		{"retained, removed", root, kept, "user.kept", "", remove, syscall.EPERM},
		{"retained before existence", root, kept, "user.kept", "", fs.XattrCreate, syscall.EPERM},
		{"retained before absence", root, kept, "user.none", "", remove, syscall.EPERM},
		{"replace of none", owner, file, "user.none", "", fs.XattrReplace, syscall.ENODATA},
		{"create of one", owner, file, "user.have", "", fs.XattrCreate, syscall.EEXIST},
		{"remove of none", owner, file, "user.none", "", remove, syscall.ENODATA},
		{"existence before values", root, file, "scoutfs.totl.t.1.2.3", "x", fs.XattrCreate, syscall.EEXIST},
		{"absence before values", root, file, "scoutfs.totl.n.1.2.3", "x", fs.XattrReplace, syscall.ENODATA},
		{"totl value", root, file, "scoutfs.totl.n.1.2.3", "x", 0, syscall.EINVAL},
		{"totl value with newline", root, file, "scoutfs.totl.n.1.2.3", "1\n", 0, syscall.EINVAL},
		{"totl value with plus", root, file, "scoutfs.totl.n.1.2.3", "+1", 0, syscall.EINVAL},
		{"no totl value", root, file, "scoutfs.totl.n.1.2.3", "", 0, syscall.EINVAL},
		{"totl value replaced", root, file, "scoutfs.totl.t.1.2.3", "1.5", 0, syscall.EINVAL},
		{"indx value", root, file, "scoutfs.indx.1.3", "x", 0, syscall.EINVAL},
		{"indx value replaced", root, file, "scoutfs.indx.1.2", "x", 0, syscall.EINVAL},
	}
	for _, test := range tests {
		before := v.items(format.AllKeys())
		var err error
		if test.flags == remove {
			err = v.RemoveXattr(v.ctx, test.who, test.ino, test.xattr)
		} else {
			err = v.SetXattr(v.ctx, test.who, test.ino, test.xattr, []byte(test.value), test.flags)
		}
		if !errors.Is(err, test.want) {
			t.Errorf("%s: error is %v, want %v", test.name, err, test.want)
		}
		if !sameItems(before, v.items(format.AllKeys())) {
			t.Errorf("%s: items have changed", test.name)
		}
	}
	v.check()
}

func TestIndxNeedsVersion2(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{FormatVersion: 1}, fs.WriterOptions{})
	file := v.create(format.RootIno, "file", 0o644)
	set := func(who fs.Caller, name string) error { return v.SetXattr(v.ctx, who, file, name, nil, 0) }
	is(t, set(rootCaller(), "scoutfs.indx.1.2"), syscall.EOPNOTSUPP)
	is(t, set(rootCaller(), "scoutfs.indx.no.number"), syscall.EOPNOTSUPP)
	is(t, set(rootCaller(), "scoutfs.srch.x"), 0)
	v.check()
}

// TestXattrNames checks names that are fine.
func TestXattrNames(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
	file := v.nodeOf(10, 20, format.ModeRegular|0o640)
	link := v.made(v.Symlink(v.ctx, rootCaller(), format.RootIno, "link", "x"))
	kept := v.nodeOf2("kept")
	v.must(v.SetAttrX(v.ctx, rootCaller(), kept, fs.AttrX{Mask: fs.AttrXRetention, Retention: true}))
	tests := []struct {
		who  fs.Caller
		ino  uint64
		name string
	}{
		{user(10), file, "user.x"},
		{user(10), file, "user." + strings.Repeat("n", 250)},
		{user(10), file, "scoutfs.x"},
		{user(10), file, "scoutfs.hide."}, // too short to be tagged
		{rootCaller(), file, "scoutfs.hide.x"},
		{rootCaller(), file, "scoutfs.totl.1.2.3"},
		{rootCaller(), file, "scoutfs.totl.0x10.010.10"},
		{rootCaller(), file, "scoutfs.hide.srch.totl.x.1.2.3"},
		{rootCaller(), file, "scoutfs.indx.255.18446744073709551615"},
		{rootCaller(), file, "trusted.x"},
		{rootCaller(), file, "security.x"},
		{rootCaller(), link, "trusted.x"},
		{rootCaller(), kept, "trusted.x"},
		{rootCaller(), kept, "scoutfs.hide.x"},
		{rootCaller(), kept, "scoutfs.user."},
	}
	for _, test := range tests {
		value := "5"
		if strings.Contains(test.name, "indx") {
			value = ""
		}
		if err := v.SetXattr(v.ctx, test.who, test.ino, test.name, []byte(value), fs.XattrCreate); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		v.hasXattr(test.ino, test.name, []byte(value))
	}
	v.check()
}

func (v *writing) nodeOf2(name string) uint64 { return v.create(format.RootIno, name, 0o666) }

// TestXattrSizes sets values of all lengths at which the number of parts
// changes, one over the other, up and down.
func TestXattrSizes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"user.x", "user." + strings.Repeat("n", 250)} {
		t.Run(fmt.Sprint("name of ", len(name)), func(t *testing.T) {
			t.Parallel()
			v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
			ino := v.create(format.RootIno, "file", 0o644)
			v.must(v.SetXattr(v.ctx, rootCaller(), ino, "user.before", nil, 0))
			var sizes []int
			for parts := 1; parts <= format.MaxXattrParts; parts += 12 {
				edge := parts*format.MaxBtreeValue - 8 - len(name)
				sizes = append(sizes, edge-1, edge, edge+1)
			}
			sizes = append(sizes, 0, 65535, 1)
			rand.New(rand.NewPCG(1, 1)).Shuffle(len(sizes), func(i, j int) { sizes[i], sizes[j] = sizes[j], sizes[i] })
			for i, size := range sizes {
				if size > format.MaxXattrValueLen {
					continue
				}
				value := bytes.Repeat([]byte{byte(i + 1)}, size)
				v.must(v.SetXattr(v.ctx, rootCaller(), ino, name, value, 0))
				if i%3 == 0 {
					v.sync()
				}
				v.hasXattr(ino, name, value)
				parts := v.items(format.Range{
					Start: format.XattrKey(ino, format.XattrNameHash(name), 0, 0),
					End:   format.XattrKey(ino, format.XattrNameHash(name), 1<<63, 0),
				})
				if want := (8 + len(name) + size + 895) / 896; len(parts) != want || parts[0].Key.Third != 1 {
					t.Fatalf("value of %d bytes has %d items with id %d, want %d with 1", size, len(parts), parts[0].Key.Third, want)
				}
			}
			if next := v.inode(ino).NextXattrID; next != 2 {
				t.Errorf("next_xattr_id is %d, want 2", next)
			}
			v.check()
		})
	}
}

// TestXattrsOfOneHash has two names whose hash is the same.
func TestXattrsOfOneHash(t *testing.T) {
	t.Parallel()
	a, b := collidingNames(t)
	v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
	ino := v.create(format.RootIno, "file", 0o644)
	set := func(name, value string) { v.must(v.SetXattr(v.ctx, rootCaller(), ino, name, []byte(value), 0)) }
	set(a, "first")
	set(b, strings.Repeat("second", 500))
	set(a, strings.Repeat("third", 500))
	v.hasXattr(ino, a, []byte(strings.Repeat("third", 500)))
	v.hasXattr(ino, b, []byte(strings.Repeat("second", 500)))
	v.must(v.RemoveXattr(v.ctx, rootCaller(), ino, a))
	v.hasXattr(ino, a, nil)
	v.hasXattr(ino, b, []byte(strings.Repeat("second", 500)))
	set(a, "again")
	v.view(func(f *fs.FS) {
		var ids []uint64
		for _, x := range all(t, f.Xattrs(v.ctx, ino, 0, 0)) {
			ids = append(ids, x.ID)
		}
		if !slices.Equal(ids, []uint64{1, 2}) {
			t.Errorf("ids are %d, want 1 of the second name and 2 of the first, set again", ids)
		}
	})
	v.check()
}

// collidingNames returns two names with the same hash: CRCs are linear, so
// that 33 changes of a name have one that changes nothing.
func collidingNames(tb testing.TB) (a, b string) {
	tb.Helper()
	const digits = 40
	name := func(set uint64) string {
		n := []byte("user." + strings.Repeat("0", digits))
		for i := range digits {
			n[5+i] += byte(set >> i & 1)
		}
		return string(n)
	}
	base := format.XattrNameHash(name(0))
	type row struct{ effect, set uint64 }
	var rows []row
	for i := range digits {
		r := row{format.XattrNameHash(name(1<<i)) ^ base, 1 << i}
		for _, other := range rows {
			if r.effect^other.effect < r.effect {
				r.effect ^= other.effect
				r.set ^= other.set
			}
		}
		if r.effect == 0 {
			a, b = name(0), name(r.set)
			if format.XattrNameHash(a) != format.XattrNameHash(b) {
				tb.Fatal("the names' hashes differ")
			}
			return a, b
		}
		rows = append(rows, r)
		slices.SortFunc(rows, func(x, y row) int { return int(y.effect>>1) - int(x.effect>>1) })
	}
	tb.Fatal("no two names with one hash")
	return "", ""
}
