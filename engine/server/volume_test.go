// SPDX-License-Identifier: GPL-2.0-or-later

package server_test

import (
	"context"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/server"
	"scoutfs/mkfs"
)

// volume is a volume that a test changes through a server. Its files are
// inodes without links, which are the simplest a check finds nothing wrong
// with, and go straight into fs_root, which is right as long as there are no
// logs.
type volume struct {
	tb     testing.TB
	pair   device.Pair
	server *server.Server
	rng    *rand.Rand

	files   map[uint64][]format.Extent // what is committed or going to be
	changes map[format.Key][]byte      // nil deletes
	inodes  int64                      // by how many there will be more
}

// makeVolume makes a new volume on devices of so many blocks.
func makeVolume(tb testing.TB, metaBlocks, dataBlocks uint64, change func(*mkfs.Options)) device.Pair {
	tb.Helper()
	pair := device.Pair{
		Meta: device.NewMemory("meta", int64(metaBlocks)<<format.LargeBlockShift),
		Data: device.NewMemory("data", int64(dataBlocks)<<format.SmallBlockShift),
	}
	makeFS(tb, pair, change)
	return pair
}

func makeFS(tb testing.TB, pair device.Pair, change func(*mkfs.Options)) {
	tb.Helper()
	opts := mkfs.Options{
		Identity:   mkfs.Identity{FSID: 0x1122334455667788, Created: time.Unix(1, 0)},
		Slots:      format.QuorumAddrs{netip.MustParseAddrPort("127.0.0.1:12345")},
		AllowSmall: true,
	}
	if change != nil {
		change(&opts)
	}
	plan, err := mkfs.NewPlan(opts, uint64(pair.Meta.Size()), uint64(pair.Data.Size()))
	if err != nil {
		tb.Fatal(err)
	}
	if err := plan.Write(tb.Context(), pair, mkfs.WriteOptions{}); err != nil {
		tb.Fatal(err)
	}
}

// openServer opens a server on devices.
func openServer(tb testing.TB, pair device.Pair, seed uint64) (*server.Server, error) {
	tb.Helper()
	_, super, err := block.ReadSuper(pair.Meta)
	if err != nil {
		tb.Fatal(err)
	}
	blocks := block.NewReader(pair.Meta, block.Options{FSID: super.Hdr.FSID.Get(), TotalBlocks: super.TotalMetaBlocks.Get()})
	return server.Open(tb.Context(), pair, blocks, server.Options{Random: rand.New(rand.NewPCG(seed, 1)).Uint64})
}

func openVolume(tb testing.TB, pair device.Pair, seed uint64) *volume {
	tb.Helper()
	s, err := openServer(tb, pair, seed)
	if err != nil {
		tb.Fatal(err)
	}
	return &volume{
		tb: tb, pair: pair, server: s, rng: rand.New(rand.NewPCG(seed, 2)),
		files: make(map[uint64][]format.Extent), changes: make(map[format.Key][]byte),
	}
}

// create makes a file with up to so many data blocks in so many extents, and
// returns what it got.
func (v *volume) create(extents int, blocks uint64) (ino uint64, err error) {
	v.tb.Helper()
	if ino, err = v.server.AllocInos(1); err != nil {
		v.tb.Fatal(err)
	}
	at, total := uint64(0), uint64(0)
	for range extents {
		var e format.Extent
		if e, err = v.server.Data().Reserve(v.tb.Context(), blocks); err != nil {
			break
		}
		v.server.Data().Use(e)
		v.files[ino] = append(v.files[ino], e)
		var value format.DataExtent
		value.Blkno.Set(e.Start)
		v.changes[format.DataExtentKey(ino, format.Extent{Start: at, Len: e.Len})] = slices.Clone(format.Bytes(&value))
		at += e.Len + 1 // extents that touch would be one
		total += e.Len
	}
	seq := v.server.Seq()
	var in format.Inode
	in.Mode.Set(format.ModeRegular | 0o600)
	in.Size.Set(at << format.SmallBlockShift)
	in.OnlineBlocks.Set(total)
	in.MetaSeq.Set(seq)
	in.DataSeq.Set(seq)
	in.NextReaddirPos.Set(format.FirstReaddirPos)
	v.changes[format.InodeKey(ino)] = slices.Clone(format.Bytes(&in))
	for _, key := range []format.Key{
		format.OrphanKey(ino), format.InodeIndexKey(format.TypeMetaSeq, seq, ino), format.InodeIndexKey(format.TypeDataSeq, seq, ino),
	} {
		v.changes[key] = []byte{}
	}
	if _, ok := v.files[ino]; !ok {
		v.files[ino] = nil
	}
	v.inodes++
	return ino, err
}

// remove deletes a file, which must be committed.
func (v *volume) remove(ino uint64) {
	v.tb.Helper()
	tree := btree.Tree{Reader: v.server.Blocks(), Root: v.server.Super().FSRoot.Root(), Kind: format.TreeFSRoot}
	it, err := tree.Lookup(v.tb.Context(), format.InodeKey(ino))
	if err != nil {
		v.tb.Fatal(err)
	}
	in, _, err := format.ViewInode(it.Value)
	if err != nil {
		v.tb.Fatal(err)
	}
	for _, key := range []format.Key{
		format.InodeKey(ino), format.OrphanKey(ino),
		format.InodeIndexKey(format.TypeMetaSeq, in.MetaSeq.Get(), ino), format.InodeIndexKey(format.TypeDataSeq, in.DataSeq.Get(), ino),
	} {
		v.changes[key] = nil
	}
	at := uint64(0)
	for _, e := range v.files[ino] {
		v.changes[format.DataExtentKey(ino, format.Extent{Start: at, Len: e.Len})] = nil
		at += e.Len + 1
		if err := v.server.Data().Free(v.tb.Context(), e); err != nil {
			v.tb.Fatal(err)
		}
	}
	delete(v.files, ino)
	v.inodes--
}

// apply changes the trees of a commit by what has changed.
func (v *volume) apply(ctx context.Context, c *server.Commit) error {
	w := btree.NewWriter(c.Blocks, c.Super.FSRoot.Root(), format.TreeFSRoot)
	for _, key := range slices.SortedFunc(maps.Keys(v.changes), format.Key.Compare) {
		var err error
		if value := v.changes[key]; value == nil {
			err = w.Delete(ctx, key)
		} else {
			err = w.Force(ctx, btree.Item{Key: key, Seq: v.server.Seq(), Value: value})
		}
		if err != nil {
			return err
		}
	}
	c.Super.FSRoot.Set(w.Root())
	c.Super.InodeCount.Set(c.Super.InodeCount.Get() + uint64(v.inodes))
	return nil
}

// begin starts a transaction.
func (v *volume) begin() { v.server.AdvanceSeq() }

func (v *volume) tryCommit() error {
	err := v.server.Commit(v.tb.Context(), v.apply)
	if err == nil {
		clear(v.changes)
		v.inodes = 0
	}
	return err
}

func (v *volume) commit() {
	v.tb.Helper()
	if err := v.tryCommit(); err != nil {
		v.tb.Fatal(err)
	}
}
