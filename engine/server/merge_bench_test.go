// SPDX-License-Identifier: GPL-2.0-or-later

package server_test

import (
	"context"
	"iter"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/server"
)

// BenchmarkMerge merges a million items of four log trees, whose keys take
// turns, into fs_root.
func BenchmarkMerge(b *testing.B) {
	const trees, each = 4, 250_000
	pair := makeVolume(b, 1<<14, 1<<12, nil)
	s, err := openServer(b, pair, 1)
	if err != nil {
		b.Fatal(err)
	}
	for rid := range uint64(trees) {
		addLogTree(b, s, 100+rid, func(yield func(btree.Item, error) bool) {
			for i := range uint64(each) {
				key := format.XattrKey(1024+i/4, rid, i%4, 0)
				if !yield(btree.Item{Key: key, Seq: 100 + rid, Value: make([]byte, 40)}, nil) {
					return
				}
			}
		})
	}
	_, super, err := block.ReadSuper(pair.Meta)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		overlay := device.Pair{Meta: device.NewOverlay("meta", pair.Meta), Data: pair.Data}
		r := block.NewReader(overlay.Meta, block.Options{FSID: super.Hdr.FSID.Get(), TotalBlocks: super.TotalMetaBlocks.Get()})
		s, err := server.Open(b.Context(), overlay, r, server.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Merge(b.Context(), nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(trees*each)*float64(b.N)/b.Elapsed().Seconds(), "items/s")
}

// addLogTree adds finalized log trees with items.
func addLogTree(tb testing.TB, s *server.Server, rid uint64, items iter.Seq2[btree.Item, error]) {
	tb.Helper()
	err := s.Commit(tb.Context(), func(ctx context.Context, c *server.Commit) error {
		w := btree.NewWriter(c.Blocks, format.Root{}, format.TreeLogItems)
		if err := w.Apply(ctx, items, nil); err != nil {
			return err
		}
		_, ref, err := c.Blocks.New(ctx, format.MagicBloom)
		if err != nil {
			return err
		}
		var lt format.LogTrees
		lt.ItemRoot.Set(w.Root())
		lt.BloomRef.Set(ref)
		lt.RID.Set(rid)
		lt.Nr.Set(1)
		lt.Flags.Set(format.LogTreesFinalized)
		lt.FinalizeSeq.Set(s.AdvanceSeq())
		logs := btree.NewWriter(c.Blocks, c.Super.LogsRoot.Root(), format.TreeLogsRoot)
		if err := logs.Insert(ctx, btree.Item{Key: format.LogTreesKey(rid, 1), Value: format.Bytes(&lt)}); err != nil {
			return err
		}
		c.Super.LogsRoot.Set(logs.Root())
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
}
