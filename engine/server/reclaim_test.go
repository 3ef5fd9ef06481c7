// SPDX-License-Identifier: GPL-2.0-or-later

package server_test

import (
	"context"
	"errors"
	"syscall"
	"testing"

	"scoutfs/engine/alloc"
	"scoutfs/engine/btree"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/server"
	"scoutfs/internal/testcheck"
)

// leaveData leaves finalized log trees that still have free data blocks.
func (v *volume) leaveData() format.Extent {
	v.tb.Helper()
	e, err := v.server.Data().Reserve(v.tb.Context(), 10)
	if err != nil {
		v.tb.Fatal(err)
	}
	v.server.Data().Use(e)
	seq := v.server.AdvanceSeq()
	v.mustCommit(func(ctx context.Context, c *server.Commit) error {
		x := alloc.NewExtentWriter(c.Blocks, format.AllocRoot{})
		if err := x.Insert(ctx, e); err != nil {
			return err
		}
		logs := btree.NewWriter(c.Blocks, c.Super.LogsRoot.Root(), format.TreeLogsRoot)
		err := logs.Insert(ctx, logTreesItem(7, 1, func(lt *format.LogTrees) {
			lt.DataFreed = x.Root()
			lt.GetTransSeq.Set(seq)
			lt.CommitTransSeq.Set(seq)
			lt.FinalizeSeq.Set(v.server.AdvanceSeq())
			lt.Flags.Set(format.LogTreesFinalized)
		}))
		c.Super.LogsRoot.Set(logs.Root())
		return err
	})
	return e
}

// What a merge reclaims stays with the log trees if it fails, whatever is
// committed afterwards.
func TestAMergeThatFailsReclaimsNoData(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		fault device.Fault
		want  error
	}{
		{"write", device.Fault{Op: device.OpWrite, Off: 2 << format.LargeBlockShift, Len: 1 << 40}, syscall.EIO},
		{"flush", device.Fault{Op: device.OpFlush}, syscall.EIO},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v, meta, _ := faulty(t)
			_, before := free(t, v)
			v.leaveData()
			meta.Add(test.fault)
			if err := v.server.Merge(t.Context(), nil); !errors.Is(err, test.want) {
				t.Fatalf("error %v", err)
			}
			meta.Clear()
			if n := v.server.Data().Freed(); n != 0 {
				t.Errorf("%d data blocks wait to become free", n)
			}
			v.begin()
			v.fill(t)
			v.commit()
			if err := v.server.Merge(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			testcheck.Clean(t, v.pair)
			if _, after := free(t, v); after+3*5*2 < before {
				t.Errorf("%d data blocks are free, at first %d", after, before)
			}
		})
	}
}
