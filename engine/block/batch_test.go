// SPDX-License-Identifier: GPL-2.0-or-later

package block_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

func TestBatchReadsNeighboursTogetherAndPastTheCache(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 30)
	refs := addBlocks(v, 20)
	dev := &countingDevice{Device: v.Dev}
	r := block.NewReader(dev, block.Options{FSID: testblock.FSID})
	batch := r.NewBatch(8)
	for round, want := range [][]int{{0, 1, 2, 3, 4, 5}, {9, 7, 8, 15, 16, 3}} {
		var wanted []format.Ref
		for _, i := range want {
			wanted = append(wanted, refs[i])
		}
		dev.requests.Store(0)
		batch.Fill(t.Context(), wanted)
		if got := dev.requests.Load(); got != []int64{1, 3}[round] {
			t.Errorf("round %d: %d requests", round, got)
		}
		for i, ref := range refs {
			b, there, err := batch.Block(ref, format.MagicBloom)
			if there != slices.Contains(want, i) || err != nil || there && b[1000] != byte(i) {
				t.Errorf("round %d, block %d: there %t, %v", round, i, there, err)
			}
		}
	}
	if got := r.Stats(); got.Blocks != 12 || got.Hits != 0 {
		t.Errorf("stats are %+v, want 12 blocks and no hits", got)
	}
}

func TestBatchTellsOfEachBlock(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 16)
	refs := addBlocks(v, 4)
	damaged := bloom(1)
	damaged[0]++
	v.Write(refs[1].Blkno, damaged)
	r := block.NewReader(v.Dev, block.Options{FSID: testblock.FSID})
	batch := r.NewBatch(4)
	stale, outside := format.Ref{Blkno: refs[2].Blkno, Seq: refs[2].Seq + 1}, format.Ref{Blkno: 16, Seq: 1}
	batch.Fill(t.Context(), []format.Ref{outside, refs[0], refs[1], stale, refs[3], refs[2]})
	tests := []struct {
		name         string
		ref          format.Ref
		magic        uint32
		there, sound bool
		stale        bool
	}{
		{name: "sound", ref: refs[0], magic: format.MagicBloom, there: true, sound: true},
		{name: "damaged", ref: refs[1], magic: format.MagicBloom, there: true},
		{name: "stale", ref: stale, magic: format.MagicBloom, there: true, stale: true},
		{name: "of another kind", ref: refs[3], magic: format.MagicBtree, there: true, stale: true},
		{name: "outside the device", ref: outside, magic: format.MagicBloom},
		{name: "more than fit", ref: refs[2], magic: format.MagicBloom},
	}
	for _, test := range tests {
		for range 2 {
			b, there, err := batch.Block(test.ref, test.magic)
			if there != test.there || (err == nil) != (test.sound || !test.there) || errors.Is(err, block.ErrStale) != test.stale {
				t.Errorf("%s: there %t, error %v", test.name, there, err)
			}
			if (b != nil) != test.sound {
				t.Errorf("%s: %d bytes", test.name, len(b))
			}
		}
	}
}

func TestBatchStopsWithItsContext(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 16)
	refs := addBlocks(v, 2)
	batch := block.NewReader(v.Dev, block.Options{}).NewBatch(2)
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cancel(enough)
	batch.Fill(ctx, refs)
	if _, there, err := batch.Block(refs[0], format.MagicBloom); !there || !errors.Is(err, enough) {
		t.Errorf("there %t, error %v", there, err)
	}
}
