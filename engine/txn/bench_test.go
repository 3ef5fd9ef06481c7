// SPDX-License-Identifier: GPL-2.0-or-later

package txn_test

import (
	"testing"

	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/engine/txn"
	"scoutfs/internal/testlog"
)

// fill makes n files with one operation each.
func fill(b *testing.B, v *testlog.Volume, n int) {
	b.Helper()
	for range n {
		if err := v.Log.Update(b.Context(), txn.Allocating, func(tx *txn.Tx) error {
			_, err := createFile(b.Context(), tx, 1, 0)
			return err
		}); err != nil {
			b.Fatal(err)
		}
	}
}

// One operation that creates seven items and adds to a total, with as few commits
// as there can be.
func BenchmarkUpdate(b *testing.B) {
	b.ReportAllocs()
	v := testlog.New(b, testlog.Options{Txn: txn.Options{MaxBytes: 1 << 40}})
	fill(b, v, b.N)
}

// The same with the commits that the bounds of a transaction ask for.
func BenchmarkUpdateAndCommit(b *testing.B) {
	v := testlog.New(b, testlog.Options{})
	fill(b, v, b.N)
	if err := v.Log.Sync(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// A commit of 100,000 items.
func BenchmarkCommit(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		v := testlog.New(b, testlog.Options{Txn: txn.Options{MaxBytes: 1 << 40}})
		if err := v.Log.Update(b.Context(), txn.Allocating, func(tx *txn.Tx) error {
			for i := range uint64(100_000) {
				tx.Set(format.XattrKey(1024+i/8, i%8, 1, 0), make([]byte, 60))
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if err := v.Log.Sync(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// viewOfFiles returns a view of files in a log tree, with an overlay that has
// none or others.
func viewOfFiles(b *testing.B, changes int) *forest.Snapshot {
	b.Helper()
	v := testlog.New(b, testlog.Options{})
	fill(b, v, 20_000)
	if err := v.Log.Sync(b.Context()); err != nil {
		b.Fatal(err)
	}
	o := forest.NewOverlay()
	for i := range uint64(changes) {
		o.Set(format.InodeKey(1024+i*7), 1<<40, nil)
	}
	return v.Log.Committed().With(o)
}

func BenchmarkLookup(b *testing.B) {
	s := viewOfFiles(b, 0)
	b.Run("lookup", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := s.Lookup(b.Context(), format.InodeKey(format.FirstFreeIno+uint64(i*7919%20_000))); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("cursor", func(b *testing.B) { // the way there was before
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			k := format.InodeKey(format.FirstFreeIno + uint64(i*7919%20_000))
			if _, err := s.First(b.Context(), format.Range{Start: k, End: k}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("missing", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := s.Lookup(b.Context(), format.DirentKey(format.FirstFreeIno+uint64(i*7919%20_000), 1, 1)); err == nil {
				b.Fatal("found")
			}
		}
	})
}

func BenchmarkScan(b *testing.B) {
	plain := viewOfFiles(b, 0)
	for _, bench := range []struct {
		name string
		s    *forest.Snapshot
	}{
		{"plain", plain.With(nil)},
		{"empty overlay", plain},
		{"20000 changes", viewOfFiles(b, 20_000)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			items := 0
			for b.Loop() {
				c := bench.s.Cursor(format.AllKeys())
				for c.Next(b.Context()) {
					items++
				}
				if err := c.Err(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(items), "ns/item")
		})
	}
}
