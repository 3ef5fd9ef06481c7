// SPDX-License-Identifier: GPL-2.0-or-later

package server_test

import (
	"context"
	"testing"

	"scoutfs/engine/alloc"
	"scoutfs/engine/format"
	"scoutfs/engine/server"
	"scoutfs/internal/testcheck"
)

// A list of free blocks that goes on in a second block is used to its end, and
// what the next mount needs is in its first block whenever a commit ends.
func TestAListOfSeveralBlocksIsUsedToItsEnd(t *testing.T) {
	t.Parallel()
	for name, take := range map[string][]int{
		"all at once":                 {1 << 20},
		"up to the end of the first":  {4100 - 30, 1 << 20},
		"into the second":             {4100 + 30, 1 << 20},
		"a commit without any blocks": {0, 0, 1 << 20},
	} {
		v := openVolume(t, makeVolume(t, 1<<16, 1<<12, nil), 1)
		v.commit()
		v.commit()
		meta, _ := free(t, v)
		e := v.takeAway(4100 + format.AllocListEntries)
		var head format.AllocListHead
		v.mustCommit(func(ctx context.Context, c *server.Commit) error {
			l := &alloc.List{}
			for i, n := range []uint64{format.AllocListEntries, 4100} {
				if i > 0 {
					l.Next, l.Rest, l.Entries = l.Ref, l.Total(), nil
				}
				for range n {
					l.Entries = append(l.Entries, e.Start)
					e.Start++
				}
				block, ref, err := c.Blocks.New(ctx, format.MagicAllocList)
				if err != nil {
					return err
				}
				if err := l.Fill(block); err != nil {
					return err
				}
				l.Ref = ref
			}
			head = l.Head()
			return nil
		})
		v.commit()
		v.mustCommit(func(ctx context.Context, c *server.Commit) error {
			// The pairs take turns, and this is the sixth commit: it allocates
			// from pair 1, and the next one from pair 0.
			old := c.Super.ServerMetaAvail[0]
			c.Super.ServerMetaAvail[0] = head
			return c.FreeList(ctx, old)
		})
		for _, n := range take {
			v.mustCommit(func(ctx context.Context, c *server.Commit) error {
				for ; n > 0 && c.Room() > 0; n-- {
					_, ref, err := c.Blocks.New(ctx, format.MagicBloom)
					if err == nil {
						err = c.Blocks.Free(ctx, ref)
					}
					if err != nil {
						return err
					}
				}
				return nil
			})
			checkNextMount(t, v.server.Super())
			testcheck.Clean(t, v.pair)
			v.commit()
		}
		testcheck.Clean(t, v.pair)
		if got, _ := free(t, v); got+8 < meta || got > meta+8 {
			t.Errorf("%s: %d metadata blocks are free, at first %d", name, got, meta)
		}
		if t.Failed() {
			t.Fatalf("%s", name)
		}
	}
}
