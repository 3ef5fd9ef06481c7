// SPDX-License-Identifier: GPL-2.0-or-later

package format_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"scoutfs/engine/format"
)

func TestSymlinkParts(t *testing.T) {
	t.Parallel()
	for size, want := range map[uint64][]int{
		0:              nil,
		1:              {1},
		896:            {896},
		897:            {896, 1},
		4095:           {896, 896, 896, 896, 511},
		4096:           {896, 896, 896, 896, 512},
		4097:           nil,
		math.MaxUint64: nil,
	} {
		if got := format.SymlinkParts(size); got != len(want) {
			t.Errorf("size %d has %d parts, want %d", size, got, len(want))
		}
		for nr := -1; nr <= 5; nr++ {
			part := 0
			if nr >= 0 && nr < len(want) {
				part = want[nr]
			}
			if got := format.SymlinkPartSize(size, nr); got != part {
				t.Errorf("part %d of size %d has %d bytes, want %d", nr, size, got, part)
			}
		}
		err := format.CheckSymlinkSize(size)
		if (err == nil) != (want != nil) {
			t.Errorf("size %d: %v", size, err)
		}
	}
}

func TestSymlinkTarget(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("x", 4095)
	for _, test := range []struct{ content, target, err string }{
		{"target\x00", "target", ""},
		{longest + "\x00", longest, ""},
		{"\x00", "", ""},
		{"a\x00b\x00", "a", ""},
		{"", "", "corrupt symlink: size is 0, expected 1 to 4096 (SC_SYMLINK_INODE_SIZE)"},
		{longest + "x\x00", "", "corrupt symlink: size is 4097, expected 1 to 4096 (SC_SYMLINK_INODE_SIZE)"},
		{"target", "", "corrupt symlink: last byte is 116, expected 0 (SC_SYMLINK_NOT_NULL_TERM)"},
	} {
		got, err := format.SymlinkTarget([]byte(test.content))
		text := ""
		if err != nil {
			text = err.Error()
		}
		if text != test.err || !bytes.Equal(got, []byte(test.target)) {
			t.Errorf("content %.10q has the target %.10q, error %q, want %q", test.content, got, text, test.err)
		}
	}
}
