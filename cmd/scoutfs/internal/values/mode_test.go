// SPDX-License-Identifier: GPL-2.0-or-later

package values_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"scoutfs/cmd/scoutfs/internal/values"
)

func TestModeChange(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		mode uint32
		dir  bool
		want uint32
	}{
		{"644", 0o777, false, 0o644},
		{"0", 0o777, false, 0},
		{"4755", 0, false, 0o4755},
		{"755", 0o6700, true, 0o6755},
		{"755", 0o6700, false, 0o755},
		{"u+x", 0o644, false, 0o744},
		{"a-x", 0o755, false, 0o644},
		{"+x", 0o644, false, 0o755},
		{"+w", 0o444, false, 0o644}, // less the umask of 022
		{"-w", 0o666, false, 0o466},
		{"go=", 0o777, false, 0o700},
		{"u=rw,go=r", 0o777, false, 0o644},
		{"a+X", 0o644, false, 0o644},
		{"a+X", 0o744, false, 0o755},
		{"a+X", 0o644, true, 0o755},
		{"g=u", 0o740, false, 0o770},
		{"o=g", 0o750, false, 0o755},
		{"u+s", 0o755, false, 0o4755},
		{"g+s", 0o755, true, 0o2755},
		{"o+s", 0o755, false, 0o755},
		{"+t", 0o755, true, 0o1755},
		{"-t", 0o1755, true, 0o755},
		{"u=rwx+s-w", 0o644, false, 0o4544},
		{"=r", 0o777, false, 0o444},
		{"=", 0o2777, true, 0o2000},
	}
	for _, test := range tests {
		change, err := values.ParseMode(test.text)
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
			continue
		}
		if got := change.Apply(test.mode, test.dir, 0o022); got != test.want {
			t.Errorf("%s of %04o: %04o, want %04o", test.text, test.mode, got, test.want)
		}
	}
	for _, text := range []string{"", "8", "10000", "u", "x", "u+q", "u+x,", ",u+x", "u~x", "-", "07777777777777"} {
		if _, err := values.ParseMode(text); (err == nil) != (text == "-") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// The same words do to files what chmod(1) does to them.
func TestModeChangeIsThatOfChmod(t *testing.T) {
	t.Parallel()
	chmod, err := exec.LookPath("chmod")
	if err != nil {
		t.Skip("there is no chmod(1)")
	}
	for i, text := range []string{"u+s", "a=rX", "ug-rw,o+t", "g=o+w", "=rw", "+s", "a+st", "o=u-x", "u=", "2755", "00755", "755"} {
		for _, dir := range []bool{false, true} {
			for _, before := range []uint32{0, 0o644, 0o755, 0o3770, 0o4711} {
				path := filepath.Join(t.TempDir(), fmt.Sprint(i))
				create := func() error { return unix.Mknod(path, unix.S_IFREG|0o600, 0) }
				if dir {
					create = func() error { return unix.Mkdir(path, 0o700) }
				}
				if err := create(); err != nil {
					t.Fatal(err)
				}
				if err := unix.Chmod(path, before); err != nil {
					t.Fatal(err)
				}
				if out, err := exec.Command("sh", "-c", `umask 022; exec "$0" -- "$1" "$2"`, chmod, text, path).CombinedOutput(); err != nil {
					t.Fatalf("chmod %s: %v: %s", text, err, out)
				}
				var st unix.Stat_t
				if err := unix.Stat(path, &st); err != nil {
					t.Fatal(err)
				}
				change, err := values.ParseMode(text)
				if got := change.Apply(before, dir, 0o022); err != nil || got != st.Mode&0o7777 {
					t.Errorf("%s of %04o, directory %v: %04o, %v, but chmod(1) makes it %04o", text, before, dir, got, err, st.Mode&0o7777)
				}
			}
		}
	}
}
