// SPDX-License-Identifier: GPL-2.0-or-later

package values_test

import (
	"math"
	"strconv"
	"testing"

	"scoutfs/cmd/scoutfs/internal/values"
)

func TestParseSize(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want uint64
		err  string
	}{
		{"10", 10, ""},
		{"", 0, ""},
		{"10K", 10 << 10, ""},
		{"1M", 1 << 20, ""},
		{"3G", 3 << 30, ""},
		{"2T", 2 << 40, ""},
		{"1P", 1 << 50, ""},
		{"10KB", 10 << 10, ""},
		{"10KiB", 10 << 10, ""},
		{" 0x10K", 16 << 10, ""},
		{"010K", 8 << 10, ""},
		{"0K", 0, ""},
		{"-0", 0, ""},
		{"18446744073709551615", math.MaxUint64, ""},
		{"18014398509481983K", math.MaxUint64 - 1023, ""},
		{"18014398509481984K", 0, "size too big: '18014398509481984K'"},
		{"16777216T", 0, "size too big: '16777216T'"},
		{"99999999999999999999", 0, "size too big: '99999999999999999999'"},
		{"-1K", 0, "size too big: '-1K'"},
		{"-1", 0, "size too big: '-1'"},
		{"10k", 0, "unknown suffix: 'k'"},
		{"16E", 0, "unknown suffix: 'E'"},
		{"1.5G", 0, "unknown suffix: '.5G'"},
		{"1G5", 0, "unknown suffix: 'G5'"},
		{"1Gfoo", 0, "unknown suffix: 'Gfoo'"},
		{"1KiBx", 0, "unknown suffix: 'KiBx'"},
		{"1Ki", 0, "unknown suffix: 'Ki'"},
		{"0xg", 0, "unknown suffix: 'xg'"},
		{"K", 0, "invalid 64bit value: 'K'"},
		{"big", 0, "invalid 64bit value: 'big'"},
	}
	for _, test := range tests {
		t.Run(strconv.Quote(test.text), func(t *testing.T) {
			t.Parallel()
			got, err := values.ParseSize(test.text)
			message := ""
			if err != nil {
				message = err.Error()
			}
			if got != test.want || message != test.err {
				t.Errorf("got %d and error %q, want %d and %q", got, message, test.want, test.err)
			}
		})
	}
}

// The expected texts are what C's printf makes of single precision numbers.
func TestSizesInOutputAreRoundedInSinglePrecision(t *testing.T) {
	t.Parallel()
	tests := []struct {
		count, unit uint64
		base, full  string
	}{
		{0, 1, "0.00B", "0 (0.00 B)"},
		{1023, 1, "1023.00B", "1023 (1023.00 B)"},
		{1024, 1, "1.00KB", "1024 (1.00 KB)"},
		{134217728, 1, "128.00MB", "134217728 (128.00 MB)"},
		{999424, 1, "976.00KB", "999424 (976.00 KB)"},
		{4294967296, 1, "4.00GB", "4294967296 (4.00 GB)"},
		{1047552, 1, "1023.00KB", "1047552 (1023.00 KB)"},
		{1048575, 1, "1024.00KB", "1048575 (1024.00 KB)"},
		{10737418239, 1, "10.00GB", "10737418239 (10.00 GB)"},
		{123456789012345, 1, "112.28TB", "123456789012345 (112.28 TB)"},
		{18446744073709551615, 1, "16.00EB", "18446744073709551615 (16.00 EB)"},
		{1099511627775, 1, "1.00TB", "1099511627775 (1.00 TB)"},
		{5368709, 1, "5.12MB", "5368709 (5.12 MB)"},
		{16777217, 1, "16.00MB", "16777217 (16.00 MB)"},
		{595556270773, 1, "554.66GB", "595556270773 (554.66 GB)"},     // 554.65GB in double precision
		{1098368108119, 1, "1022.93GB", "1098368108119 (1022.93 GB)"}, // 1022.94GB in double precision
		{585205388782, 1, "545.02GB", "585205388782 (545.02 GB)"},     // 545.01GB in double precision
		{2048, 65536, "128.00MB", "2048 (128.00 MB)"},
		{32768, 4096, "128.00MB", "32768 (128.00 MB)"},
		{163840, 65536, "10.00GB", "163840 (10.00 GB)"},
		{15728640, 4096, "60.00GB", "15728640 (60.00 GB)"},
		{33554433, 65536, "2.00TB", "33554433 (2.00 TB)"},
		{18446744073709551615, 65536, "1.00YB", "18446744073709551615 (1.00 YB)"},
		{281474976710655, 65536, "16.00EB", "281474976710655 (16.00 EB)"},
	}
	for _, test := range tests {
		t.Run(test.full, func(t *testing.T) {
			t.Parallel()
			if test.unit == 1 {
				if got := values.BaseSize(test.count); got != test.base {
					t.Errorf("BaseSize: got %s, want %s", got, test.base)
				}
			}
			if got := values.CountSize(test.count, test.unit); got != test.full {
				t.Errorf("CountSize: got %s, want %s", got, test.full)
			}
		})
	}
}
