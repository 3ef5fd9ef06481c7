// SPDX-License-Identifier: GPL-2.0-or-later

package server_test

import (
	"context"
	"errors"
	"testing"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
	"scoutfs/engine/server"
	"scoutfs/internal/testimage"
)

// leaveFreeing adds a tree that is being freed, a copy of the largest log tree,
// of which a kernel has freed some leaves. It returns how many blocks it had.
func leaveFreeing(t *testing.T, s *server.Server, leaves int) (blocks int) {
	t.Helper()
	logs := btree.Tree{Reader: s.Blocks(), Root: s.Super().LogsRoot.Root(), Kind: format.TreeLogsRoot}
	var largest format.Root
	for it, err := range logs.Items(t.Context(), format.AllKeys()) {
		if err != nil {
			t.Fatal(err)
		}
		lt, err := format.ViewExact[format.LogTrees](it.Value)
		if err != nil {
			t.Fatal(err)
		}
		var refs []btree.Block
		tree := btree.Tree{Reader: s.Blocks(), Root: lt.ItemRoot.Root(), Kind: format.TreeLogItems}
		for b, err := range tree.Refs(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			refs = append(refs, b)
		}
		if len(refs) > blocks {
			blocks, largest = len(refs), lt.ItemRoot.Root()
		}
	}
	copied := copyTree(t, s, largest)
	tree := btree.Tree{Reader: s.Blocks(), Root: copied, Kind: format.TreeLogItems}
	var f format.LogMergeFreeing
	f.Root.Set(copied)
	f.Seq.Set(s.AdvanceSeq())
	err := s.Commit(t.Context(), func(ctx context.Context, c *server.Commit) error {
		for b, err := range tree.Refs(ctx) {
			if err != nil {
				return err
			}
			if b.Level == 0 && leaves > 0 {
				c.FreeMeta(format.Extent{Start: b.Ref.Blkno, Len: 1})
				f.Key.Set(b.Range.End.Next())
				leaves--
			}
		}
		w := btree.NewWriter(c.Blocks, c.Super.LogMerge.Root(), format.TreeLogMerge)
		if err := w.Insert(ctx, btree.Item{Key: format.LogMergeFreeingKey(f.Seq.Get()), Value: format.Bytes(&f)}); err != nil {
			return err
		}
		c.Super.LogMerge.Set(w.Root())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return blocks
}

// copyTree makes a tree with the same items.
func copyTree(t *testing.T, s *server.Server, root format.Root) (copied format.Root) {
	t.Helper()
	tree := btree.Tree{Reader: s.Blocks(), Root: root, Kind: format.TreeLogItems}
	err := s.Commit(t.Context(), func(ctx context.Context, c *server.Commit) error {
		w := btree.NewWriter(c.Blocks, format.Root{}, format.TreeLogItems)
		if err := w.Apply(ctx, tree.Items(ctx, format.AllKeys()), nil); err != nil {
			return err
		}
		copied = w.Root()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return copied
}

func TestTreesThatAreBeingFreedAreFreed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		leaves    int // free already
		stepBlock int
	}{
		{"a whole tree", 0, 100},
		{"a tree that is too large for a step", 0, 1},
		{"the rest of a tree", 3, 100},
		{"the rest of a tree that is too large for a step", 2, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			pair := overlayImage(t, testimage.Get(t, "two-mounts"))
			before := loadView(t, pair)
			s := openInSteps(t, pair, 1, test.stepBlock)
			if blocks := leaveFreeing(t, s, test.leaves); blocks < 10 {
				t.Fatalf("a tree of %d blocks makes no good test", blocks)
			}
			if found := problems(t, pair); found != "" {
				t.Fatalf("before:\n%s", found)
			}
			// Trees are freed before the next merge begins, which is for
			// somebody with more room.
			ctx, stop := context.WithCancelCause(t.Context())
			if err := s.Merge(ctx, &stopper{left: 1, stop: stop}); !errors.Is(err, errStopped) {
				t.Fatal(err)
			}
			if root := s.Super().LogMerge.Root(); root.Height != 0 {
				t.Errorf("log_merge has height %d", root.Height)
			}
			if err := openInSteps(t, pair, 2, 100).Merge(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			compareViews(t, "freed", loadView(t, pair), before)
			if found := problems(t, pair); found != "" {
				t.Fatalf("after:\n%s", found)
			}
			checkMerged(t, pair)
		})
	}
}
