// SPDX-License-Identifier: GPL-2.0-or-later

package items_test

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"scoutfs/engine/device"
	"scoutfs/fsck/items"
	"scoutfs/internal/testimage"
)

// BenchmarkCheck checks, with its structure, a volume with 95,226 inodes and 656,875 items from the
// page cache, or the one that SCOUTFS_BENCH_META names.
func BenchmarkCheck(b *testing.B) {
	path := os.Getenv("SCOUTFS_BENCH_META")
	if path == "" {
		path = testimage.Get(b, "many").Meta
	}
	meta, err := device.Open(path, device.Options{Shared: true})
	if err != nil {
		b.Fatal(err)
	}
	defer meta.Close()
	b.ReportAllocs()
	n := uint64(0)
	var before, after unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &before); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		facts, found := whole(b, meta, items.Options{})
		if wrong := found.wrong(); len(wrong) > 0 {
			b.Fatal(wrong)
		}
		n += facts.Items
	}
	if err := unix.Getrusage(unix.RUSAGE_SELF, &after); err != nil {
		b.Fatal(err)
	}
	cpu := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(n), "ns/item")
	b.ReportMetric(float64(cpu)/float64(n), "cpu-ns/item")
}
