// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl_test

import (
	"strings"
	"testing"

	"scoutfs/engine/ioctl"
)

const manyResults = 10000

// manyReplies are requests with many results, and decoders for their replies.
func manyReplies(t testing.TB) map[string]func() (int, error) {
	t.Helper()
	walk := ioctl.WalkInodes{Count: manyResults}
	walked, err := walk.EncodeReply(walk.Encode(), make([]ioctl.InodeEntry, manyResults))
	if err != nil {
		t.Fatal(err)
	}
	referring := ioctl.GetReferringEntries{Bytes: ioctl.MaxBytes}
	names := make([]ioctl.ReferringEntry, manyResults)
	for i := range names {
		names[i].Name = strings.Repeat("n", 1+i%255)
	}
	named, err := referring.EncodeReply(referring.Encode(), names)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]func() (int, error){
		"WALK_INODES": func() (int, error) {
			entries, err := walk.DecodeReply(walked)
			return len(entries), err
		},
		"GET_REFERRING_ENTRIES": func() (int, error) {
			entries, err := referring.DecodeReply(named)
			return len(entries), err
		},
	}
}

func TestResultsAreDecodedWithoutAllocatingForEach(t *testing.T) {
	for name, decode := range manyReplies(t) {
		allocs := testing.AllocsPerRun(10, func() {
			if n, err := decode(); n != manyResults || err != nil {
				t.Errorf("%s: %d results, %v", name, n, err)
			}
		})
		if allocs > 4 {
			t.Errorf("%s: %v allocations for %d results", name, allocs, manyResults)
		}
	}
}

func BenchmarkDecodeReply(b *testing.B) {
	for name, decode := range manyReplies(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := decode(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/manyResults, "ns/result")
		})
	}
}
