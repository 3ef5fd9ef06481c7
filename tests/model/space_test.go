// SPDX-License-Identifier: GPL-2.0-or-later

package model

import (
	"context"
	"fmt"
	"testing"

	"scoutfs/engine/alloc"
	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/format"
	"scoutfs/engine/srch"
	"scoutfs/internal/testcheck"
	"scoutfs/internal/testsample"
)

// TestDeletingEverythingGivesBackAllBlocks fills volumes, deletes all that is in
// them, and merges: as many blocks are free as after the first commit. Counted
// as free are the few that the allocators' own trees and lists take, which depends
// on where the free blocks are, and search files, whose entries cancel each
// other and wait for three more files to be compacted with.
func TestDeletingEverythingGivesBackAllBlocks(t *testing.T) {
	t.Parallel()
	steps := testsample.Number(t, "SCOUTFS_MODEL_STEPS", 1500)
	for seed := range uint64(testsample.Number(t, "SCOUTFS_MODEL_SEEDS", 3)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := newRun(t, seed)
			if err := r.driver.Volume.Merge(t.Context()); err != nil {
				t.Fatal(err)
			}
			meta, data := r.free(t)
			for r.driver.Steps < steps {
				if err := r.some(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if err := r.deleteAll(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := r.driver.Volume.Merge(t.Context()); err != nil {
				t.Fatal(err)
			}
			if m, d := r.free(t); m != meta || d != data {
				t.Errorf("%d metadata and %d data blocks are free, want %d and %d", m, d, meta, data)
			}
			if err := r.driver.Volume.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			testcheck.Clean(t, r.pair)
		})
	}
}

// free returns how many blocks are free by the last commit, or serve to keep
// account of those that are.
func (r *run) free(t *testing.T) (meta, data uint64) {
	t.Helper()
	super := r.driver.Volume.Super()
	reader := block.NewReader(r.pair.Meta, block.Options{FSID: super.Hdr.FSID.Get(), Workers: -1})
	meta, data, err := alloc.FreeTotals(t.Context(), reader, super)
	if err != nil {
		t.Fatal(err)
	}
	tree := func(root format.Root, kind format.Tree) {
		for _, err := range (&btree.Tree{Reader: reader, Root: root, Kind: kind}).Refs(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			meta++
		}
	}
	tree(super.DataAlloc.Root.Root(), format.TreeAlloc)
	tree(super.SrchRoot.Root(), format.TreeSrchRoot)
	for i := range super.MetaAlloc {
		tree(super.MetaAlloc[i].Root.Root(), format.TreeAlloc)
		for _, head := range []format.AllocListHead{super.ServerMetaAvail[i], super.ServerMetaFreed[i]} {
			for _, err := range alloc.ListChain(t.Context(), reader, head) {
				if err != nil {
					t.Fatal(err)
				}
				meta++
			}
		}
	}
	for source, err := range srch.Files(t.Context(), reader, super) {
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range source.File.Refs(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			meta++
		}
	}
	return meta, data
}

// deleteAll deletes everything but the root directory.
func (r *run) deleteAll(ctx context.Context) error {
	d := r.driver
	if err := d.TakeBack(ctx); err != nil {
		return err
	}
	if err := d.CloseAll(ctx); err != nil {
		return err
	}
	if err := d.Empty(ctx, format.RootIno); err != nil {
		return err
	}
	return r.compare(ctx)
}
