// SPDX-License-Identifier: GPL-2.0-or-later

package values_test

import (
	"testing"

	"scoutfs/cmd/scoutfs/internal/values"
)

func TestDeviceSizes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text       string
		meta, data uint64 // 0 for an error
	}{
		{"64G", 64 << 30, 64 << 30},
		{"1M,2M", 1 << 20, 2 << 20},
		{"0x1000,7", 4096, 7},
		{"9223372036854775807", 1<<63 - 1, 1<<63 - 1},
		{"", 0, 0},
		{"0", 0, 0},
		{"1M,", 0, 0},
		{",1M", 0, 0},
		{"1M,2M,3M", 0, 0},
		{"1X", 0, 0},
		{"9223372036854775808", 0, 0},
		{"-1", 0, 0},
	} {
		var meta, data uint64
		v := values.DeviceSizes(&meta, &data)
		err := v.Set(test.text)
		if meta != test.meta || data != test.data || (err != nil) != (test.meta == 0) {
			t.Errorf("%q: %d and %d, error %v", test.text, meta, data, err)
		}
		if text := v.String(); err == nil {
			if err := v.Set(text); err != nil || meta != test.meta || data != test.data {
				t.Errorf("%q: reading %q again: %d and %d, error %v", test.text, text, meta, data, err)
			}
		} else if text != "" {
			t.Errorf("%q: shown as %q", test.text, text)
		}
	}
}
