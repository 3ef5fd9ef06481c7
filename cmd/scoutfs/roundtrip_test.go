// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"scoutfs/engine/format"
)

// roundTripEnv is how many files go round; see the Makefile.
const roundTripEnv = "SCOUTFS_ROUND_TRIP_FILES"

// TestTreesComeBackEqual copies a tree of all kinds of files into a volume and
// out again, as it is and after everything was released and staged.
func TestTreesComeBackEqual(t *testing.T) {
	t.Parallel()
	files := fromEnv(t, roundTripEnv, 300)
	source := variousTree(t, files)
	v := makeVolume(t, "8G", "64G")
	run := func(words ...string) string { return succeed(t, program(t, "", append(words, v.options()...)...)) }
	clean := func() {
		t.Helper()
		if out := succeed(t, program(t, "", "fsck", "--read-data", v.meta, v.data)); !strings.Contains(out, "volume is clean") {
			t.Fatal(out)
		}
	}
	want := mounted(t, source)
	if len(want) < files/2 {
		t.Fatalf("there are %d files", len(want))
	}
	extracted := func() {
		t.Helper()
		into := filepath.Join(t.TempDir(), "out")
		run("extract", "--no-sync", "/tree", into)
		if wrong := mounted(t, filepath.Join(into, "tree")).differences(want); wrong != "" {
			t.Fatal(wrong)
		}
	}
	run("cp", "-rT", source, "/tree")
	clean()
	extracted()

	// Attributes that only a volume can have.
	for name, value := range map[string]string{
		"scoutfs.hide.a": "hidden", "scoutfs.srch.b": "found", "scoutfs.totl.1.2.3": "1000",
		"scoutfs.hide.srch.totl.4.5.6": "7", "scoutfs.hide.indx.8.9": "",
	} {
		words := []string{"xattr", "set", name, value}
		for path, s := range want {
			if s.mode&format.ModeTypeMask == format.ModeRegular && len(words) < 200 {
				words = append(words, "/tree/"+path)
			}
		}
		run(words...)
	}
	before := v.files(t)

	run("release", "-r", "--any-version", "/tree")
	if online := run("find", "/tree", "--type", "f", "--state", "online", "--size", "+0"); onlyHoles(online, before) != "" {
		t.Errorf("after everything was released, there is data of\n%s", online)
	}
	run("stage", "-r", "--any-version", source, "/tree")
	clean()
	if wrong := v.files(t).differences(before); wrong != "" {
		t.Error(wrong)
	}
	extracted()
	run("rm", "-r", "/tree")
	clean()
}

// onlyHoles leaves out the files that have no data.
func onlyHoles(list string, all filesOf) string {
	var with []string
	for path := range strings.Lines(list) {
		if s := all[strings.Trim(path, "/\n")]; !strings.HasPrefix(s.content, "to 0,") {
			with = append(with, path)
		}
	}
	return few(with)
}

// variousTree makes a tree of files of all kinds, in directories with many and
// with few entries.
func variousTree(t *testing.T, files int) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "tree")
	random := rand.New(rand.NewPCG(1, uint64(files)))
	var paths, dirs []string
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	// What this machine does not allow is left out.
	may := func(err error) {
		t.Helper()
		if !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EOPNOTSUPP) {
			must(err)
		}
	}
	dir := root
	for i := range files {
		if i%97 == 0 {
			if dir = filepath.Join(root, fmt.Sprintf("dir %d", i/97%11), fmt.Sprint(i/97)); i%5 == 0 {
				dir = filepath.Join(dir, "deep", "er")
			}
			must(os.MkdirAll(dir, 0o755))
			dirs = append(dirs, dir)
			if i%2 == 0 {
				may(unix.Setxattr(dir, format.XattrACLDefault, acl(7, 5), 0))
			}
		}
		path := filepath.Join(dir, fmt.Sprintf("%d \"\\\xff", i))
		switch i % 20 {
		case 0:
			must(os.Symlink(strings.Repeat("../x", 1+random.IntN(900)), path))
		case 1:
			must(unix.Mkfifo(path, 0o640))
		case 2:
			may(unix.Mknod(path, unix.S_IFCHR|0o600, int(unix.Mkdev(1, 3))))
			if _, err := os.Lstat(path); err != nil {
				continue
			}
		case 3:
			must(os.Link(paths[len(paths)-1-random.IntN(min(len(paths), 3))], path))
		case 4:
			must(sparseFile(path, random))
		case 5:
			must(os.WriteFile(path, bytes.Repeat([]byte(path), random.IntN(4000)), 0o4755))
			may(unix.Setxattr(path, "user.short", []byte("value"), 0))
			may(unix.Setxattr(path, "user.long", bytes.Repeat([]byte{byte(i)}, 1500), 0))
			may(unix.Setxattr(path, "trusted.other", nil, 0))
		case 6:
			must(os.WriteFile(path, []byte(path), 0o600))
			may(unix.Setxattr(path, format.XattrACLAccess, acl(6, 4), 0))
		case 7:
			size := 20_000
			if i%1000 == 7 {
				size = 3 << 20
			}
			must(os.WriteFile(path, bytes.Repeat([]byte(path), size/len(path)), 0o444))
		default:
			must(os.WriteFile(path, bytes.Repeat([]byte(path), random.IntN(300)), os.FileMode(0o400+random.IntN(0o400))))
		}
		if i%3 == 0 {
			may(os.Lchown(path, i%70_000, i%50_000))
		}
		paths = append(paths, path)
	}
	for i, path := range append(paths, dirs...) {
		must(setTimes(path, int64(i)))
	}
	for _, dir := range append(dirs, root) { // what is between them too
		for ; dir != filepath.Dir(root); dir = filepath.Dir(dir) {
			must(setTimes(dir, int64(len(dir))))
		}
	}
	return root
}

// setTimes sets times of which that of access is not changed by reading, as it
// is in the future.
func setTimes(path string, i int64) error {
	at := []unix.Timespec{{Sec: 2_500_000_000 + i, Nsec: i % 1e9}, {Sec: 1_000_000_000 + i, Nsec: 999_999_999 - i%1e9}}
	if i%7 == 0 {
		at[1].Sec = -time.Hour.Nanoseconds() / 1e9 // before 1970
	}
	return unix.UtimesNanoAt(unix.AT_FDCWD, path, at, unix.AT_SYMLINK_NOFOLLOW)
}

// sparseFile makes a file of a few blocks with holes before, between and behind.
func sparseFile(path string, random *rand.Rand) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	for range random.IntN(5) {
		if _, err := file.WriteAt(bytes.Repeat([]byte(path), 40), random.Int64N(1<<31)); err != nil {
			return err
		}
	}
	return file.Truncate(1<<31 + random.Int64N(1<<20))
}

// acl is an ACL as xattrs hold it, with rights of the owner and of a user.
func acl(owner, user uint16) []byte {
	const nobody = ^uint32(0)
	b := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range []struct {
		tag, perm uint16
		id        uint32
	}{{1, owner, nobody}, {2, user, 1001}, {4, 4, nobody}, {16, 5, nobody}, {32, 0, nobody}} {
		b = binary.LittleEndian.AppendUint16(b, e.tag)
		b = binary.LittleEndian.AppendUint16(b, e.perm)
		b = binary.LittleEndian.AppendUint32(b, e.id)
	}
	return b
}
