// SPDX-License-Identifier: GPL-2.0-or-later

package testsample

import (
	"slices"
	"testing"
)

func TestSamplesAreTheSameEveryTime(t *testing.T) {
	t.Setenv("SCOUTFS_TEST_ALL", "")
	some := Indexes(10_000, 100)
	if !slices.Equal(some, Indexes(10_000, 100)) {
		t.Error("two samples differ")
	}
	if !slices.IsSorted(some) || len(slices.Compact(some)) != 100 || some[0] != 0 || some[99] != 9999 {
		t.Errorf("sample is %v", some)
	}
	spread := 0
	for _, i := range some {
		if i < 5000 {
			spread++
		}
	}
	if spread < 25 || spread > 75 {
		t.Errorf("%d of 100 are in the first half", spread)
	}
}

func TestSamplesOfLittleAreAll(t *testing.T) {
	t.Setenv("SCOUTFS_TEST_ALL", "")
	for total := range 4 {
		for n := total; n < 6; n++ {
			if got := Indexes(total, n); len(got) != total {
				t.Errorf("%d of %d: %v", n, total, got)
			}
		}
	}
	for n, want := range [][]string{{}, {"a"}, {"a", "c"}, {"a", "b", "c"}} {
		if got := Of([]string{"a", "b", "c"}, n); !slices.Equal(got, want) {
			t.Errorf("%d of three are %v, want %v", n, got, want)
		}
	}
}

func TestEverythingIsLookedAtOnRequest(t *testing.T) {
	t.Setenv("SCOUTFS_TEST_ALL", "1")
	if got := Indexes(1000, 3); len(got) != 1000 {
		t.Errorf("%d of 1000", len(got))
	}
}
