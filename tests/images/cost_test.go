// SPDX-License-Identifier: GPL-2.0-or-later

package images_test

import (
	"context"
	"iter"
	"math"
	"sync"
	"testing"
	"time"

	"scoutfs/engine"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/ioctl"
	"scoutfs/internal/testimage"
	"scoutfs/walk"
	"scoutfs/walk/find"
	"scoutfs/walk/tree"
)

// readLog remembers what is read of a device.
type readLog struct {
	device.Device
	vectors device.VectorReader

	mu    sync.Mutex // guards reads
	reads []ioRange
}

type ioRange struct{ off, length int64 }

func (l *readLog) note(off int64, length int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads = append(l.reads, ioRange{off, int64(length)})
}

func (l *readLog) ReadAt(p []byte, off int64) (int, error) {
	l.note(off, len(p))
	return l.Device.ReadAt(p, off)
}

func (l *readLog) ReadVectorAt(bufs [][]byte, off int64) (int, error) {
	length := 0
	for _, b := range bufs {
		length += len(b)
	}
	l.note(off, length)
	return l.vectors.ReadVectorAt(bufs, off)
}

// replay reads the same once more, and nothing else.
func (l *readLog) replay(b *testing.B, buf []byte) (bytes int64, took time.Duration) {
	b.Helper()
	start := time.Now()
	for _, r := range l.reads {
		bytes += r.length
		if _, err := l.Device.ReadAt(buf[:r.length], r.off); err != nil {
			b.Fatal(err)
		}
	}
	return bytes, time.Since(start)
}

// question asks a volume and returns how many answers there were.
type question func(context.Context, *engine.Volume) (answers int, err error)

// count counts up to limit answers.
func count[T any](answers iter.Seq2[T, error], limit int) (n int, err error) {
	for _, err := range answers {
		if err != nil {
			return n, err
		}
		if n++; n == limit {
			break
		}
	}
	return n, nil
}

func walkIndex(limit int) question {
	return func(ctx context.Context, v *engine.Volume) (int, error) {
		return count(walk.Inodes(ctx, v.Target(), ioctl.IndexMetaSeq, ioctl.InodeEntry{}, ioctl.LastInodeEntry()), limit)
	}
}

func searchXattrs(name string) question {
	return func(ctx context.Context, v *engine.Volume) (int, error) {
		return count(walk.SearchXattrs(ctx, v.Target(), name, 0, math.MaxUint64), math.MaxInt)
	}
}

func findBy(way find.Way, tests ...find.Test) question {
	return func(ctx context.Context, v *engine.Volume) (int, error) {
		t := tree.OnDevices(v)
		root, err := t.Resolve(ctx, "/", false)
		if err != nil {
			return 0, err
		}
		return count(find.New(t, root, find.Query{Tests: tests, MaxDepth: -1, Way: way}).Matches(ctx), math.MaxInt)
	}
}

// BenchmarkColdQuestions asks volumes that were just opened, and compares the
// time with that of reading the same bytes and nothing else. Both find them
// in the page cache.
func BenchmarkColdQuestions(b *testing.B) {
	const many = "many"
	for _, bench := range []struct {
		name  string
		image string
		ask   question
	}{
		{"walk 1000 of empty", "empty-v2", walkIndex(1000)},
		{"walk 1000 of archive", "archive", walkIndex(1000)},
		{"walk 1000 of partmerge", "partmerge", walkIndex(1000)},
		{"walk 1000 of many", many, walkIndex(1000)},
		{"walk all of many", many, walkIndex(math.MaxInt)},
		{"search none of many", many, searchXattrs("scoutfs.srch.none")},
		{"search few of many", many, searchXattrs("scoutfs.hide.srch.all")},
		{"search some of many", many, searchXattrs("scoutfs.hide.srch.round2")},
		{"search most of many", many, searchXattrs("scoutfs.hide.srch.bulk")},
		{"find all of many", many, findBy(find.Scan)},
		{"find few of many by an index", many, findBy(find.Index, find.MetaSeq(find.Span{Min: 1, Max: 20}))},
		{"find files of many by a walk", many, findBy(find.Walk, find.Type(format.ModeRegular))},
	} {
		b.Run(bench.name, func(b *testing.B) {
			img := testimage.Get(b, bench.image)
			buf := make([]byte, device.MergeLimit)
			var answers int
			var bytes int64
			var blocks uint64
			var asked, plain time.Duration
			for b.Loop() {
				pair, err := device.OpenPair(img.Meta, "", device.Options{})
				if err != nil {
					b.Fatal(err)
				}
				log := &readLog{Device: pair.Meta}
				log.vectors, _ = pair.Meta.(device.VectorReader)
				pair.Meta = log
				start := time.Now()
				v, err := engine.OpenDevices(b.Context(), pair, engine.Options{})
				if err != nil {
					b.Fatal(err)
				}
				if answers, err = bench.ask(b.Context(), v); err != nil {
					b.Fatal(err)
				}
				asked += time.Since(start)
				v.Blocks().Wait()
				blocks = v.Blocks().Stats().Blocks
				var took time.Duration
				bytes, took = log.replay(b, buf)
				plain += took
				if err := v.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(answers), "answers")
			b.ReportMetric(float64(blocks), "blocks")
			b.ReportMetric(float64(bytes)/(1<<20), "MiB-read")
			b.ReportMetric(float64(asked)/float64(plain), "x-plain")
			b.ReportMetric(asked.Seconds()*1000/float64(b.N), "ms-asked")
		})
	}
}
