// SPDX-License-Identifier: GPL-2.0-or-later

package format

import (
	"testing"
)

func TestHashesMatchGoldenValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in  string
		crc uint32
		h32 uint32
		h64 uint64
	}{
		{"", 0xffffffff, 0x811c9dc5, 0xcbf29ce484222325},
		{"a", 0x3e2fbccf, 0xe40c292c, 0xaf63dc4c8601ec8c},
	} {
		if got := CRC([]byte(c.in)); got != c.crc {
			t.Errorf("CRC(%q) = %08x, want %08x", c.in, got, c.crc)
		}
		if got := Hash32(c.in); got != c.h32 {
			t.Errorf("Hash32(%q) = %08x, want %08x", c.in, got, c.h32)
		}
		if got := Hash64(c.in); got != c.h64 {
			t.Errorf("Hash64(%q) = %016x, want %016x", c.in, got, c.h64)
		}
	}
}
