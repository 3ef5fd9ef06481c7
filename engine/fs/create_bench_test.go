// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"strconv"
	"syscall"
	"testing"
	"time"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testlog"
)

// BenchmarkCreate creates 100,000 files in 100 directories in turn, and makes
// them durable.
func BenchmarkCreate(b *testing.B) {
	const files, dirs = 100_000, 100
	b.ReportAllocs()
	var used time.Duration
	for b.Loop() {
		b.StopTimer()
		v := newWriting(b, testlog.Options{}, fs.WriterOptions{})
		var in []uint64
		for _, name := range numbered("dir", dirs) {
			in = append(in, v.mkdir(format.RootIno, name, 0o755))
		}
		list := make([]string, files)
		for i := range list {
			list[i] = "file" + strconv.Itoa(i)
		}
		b.StartTimer()
		before := cpuTime(b)
		for i, name := range list {
			if _, err := v.Create(b.Context(), rootCaller(), in[i%dirs], name, 0o644); err != nil {
				b.Fatal(err)
			}
		}
		v.sync()
		used += cpuTime(b) - before
		b.StopTimer()
		v.check()
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/files, "us/file")
	b.ReportMetric(float64(used.Microseconds())/float64(b.N)/files, "cpu-us/file")
}

// BenchmarkUnlink unlinks 100,000 files, which deletes them.
func BenchmarkUnlink(b *testing.B) {
	const files = 100_000
	b.ReportAllocs()
	var used time.Duration
	for b.Loop() {
		b.StopTimer()
		v := newWriting(b, testlog.Options{}, fs.WriterOptions{})
		list := numbered("file", files)
		for _, name := range list {
			v.create(format.RootIno, name, 0o644)
		}
		v.sync()
		b.StartTimer()
		before := cpuTime(b)
		for _, name := range list {
			if err := v.Unlink(b.Context(), rootCaller(), format.RootIno, name); err != nil {
				b.Fatal(err)
			}
		}
		v.sync()
		used += cpuTime(b) - before
		b.StopTimer()
		v.check()
		b.StartTimer()
	}
	b.ReportMetric(float64(used.Microseconds())/float64(b.N)/files, "cpu-us/file")
}

// cpuTime is the processor time that the process has used.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
