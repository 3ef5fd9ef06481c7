// SPDX-License-Identifier: GPL-2.0-or-later

// Package testlog gives tests a new volume in memory that is open for writing.
package testlog

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/server"
	"scoutfs/engine/txn"
	"scoutfs/internal/testcheck"
	"scoutfs/mkfs"
)

// Sizes of a volume's devices that are large enough for metadata blocks never
// to run low in a test. Devices in memory take memory only for what is written.
const (
	MetaBlocks = 128 << 10 // of 64 KiB
	DataBlocks = 256 << 10 // of 4 KiB
)

// Options say what volume is made and how its log commits.
type Options struct {
	MetaBlocks, DataBlocks int64  // 0 for those above
	FormatVersion          uint64 // 0 for the newest
	Seed                   uint64 // volumes with the same one are the same
	Txn                    txn.Options
	// Wrap, if it is not nil, returns what the log gets in place of the devices.
	Wrap func(device.Pair) device.Pair
}

// Volume is a volume and its open log.
type Volume struct {
	// Pair is the devices in memory, without what Options.Wrap put around them.
	Pair   device.Pair
	Server *server.Server
	Log    *txn.Log

	opts   Options
	random *rand.Rand
}

// New makes a volume and opens it. The test should end with Check.
func New(tb testing.TB, o Options) *Volume {
	tb.Helper()
	if o.MetaBlocks == 0 {
		o.MetaBlocks = MetaBlocks
	}
	if o.DataBlocks == 0 {
		o.DataBlocks = DataBlocks
	}
	v := &Volume{
		Pair: device.Pair{
			Meta: device.NewMemory("meta", o.MetaBlocks<<format.LargeBlockShift),
			Data: device.NewMemory("data", o.DataBlocks<<format.SmallBlockShift),
		},
		opts:   o,
		random: rand.New(rand.NewPCG(o.Seed, 1)),
	}
	plan, err := mkfs.NewPlan(mkfs.Options{
		Identity:      mkfs.Identity{FSID: 0x7e57, Created: time.Unix(1_700_000_000, 0)},
		FormatVersion: o.FormatVersion,
		Slots:         format.QuorumAddrs{netip.MustParseAddrPort("127.0.0.1:42000")},
		AllowSmall:    true,
	}, uint64(v.Pair.Meta.Size()), uint64(v.Pair.Data.Size()))
	if err == nil {
		err = plan.Write(tb.Context(), v.Pair, mkfs.WriteOptions{})
	}
	if err != nil {
		tb.Fatal(err)
	}
	v.open(tb)
	return v
}

// Open opens a volume that exists.
func Open(tb testing.TB, pair device.Pair, o Options) *Volume {
	tb.Helper()
	v := &Volume{Pair: pair, opts: o, random: rand.New(rand.NewPCG(o.Seed, 1))}
	v.open(tb)
	return v
}

func (v *Volume) open(tb testing.TB) {
	tb.Helper()
	ctx := context.WithoutCancel(tb.Context())
	pair := v.Pair
	if v.opts.Wrap != nil {
		pair = v.opts.Wrap(pair)
	}
	_, super, err := block.ReadSuper(pair.Meta)
	if err != nil {
		tb.Fatal(err)
	}
	// The server and the log each have their own generator: they may draw at
	// the same time.
	reader := block.NewReader(pair.Meta, block.Options{FSID: super.Hdr.FSID.Get()})
	v.Server, err = server.Open(ctx, pair, reader, server.Options{Random: rand.New(rand.NewPCG(v.random.Uint64(), 2)).Uint64})
	if err != nil {
		tb.Fatal(err)
	}
	o := v.opts.Txn
	if o.Random == nil {
		o.Random = v.random.Uint64
	}
	if v.Log, err = txn.Open(ctx, v.Server, o); err != nil {
		tb.Fatal(err)
	}
}

// Close commits what is not committed and closes the log and the server.
func (v *Volume) Close(tb testing.TB) {
	tb.Helper()
	if err := v.Log.Close(context.WithoutCancel(tb.Context())); err != nil {
		tb.Error(err)
	}
	if err := v.Server.Close(); err != nil {
		tb.Error(err)
	}
}

// Reopen closes the volume and opens it again, as the next process would.
func (v *Volume) Reopen(tb testing.TB) {
	tb.Helper()
	v.Close(tb)
	v.open(tb)
}

// Crash opens the volume again as the last written super has it: what was not
// committed is lost.
func (v *Volume) Crash(tb testing.TB) {
	tb.Helper()
	if err := v.Server.Close(); err != nil {
		tb.Error(err)
	}
	v.open(tb)
}

// Check closes the volume and fails the test if anything is wrong with it.
func (v *Volume) Check(tb testing.TB) {
	tb.Helper()
	v.Close(tb)
	testcheck.Clean(tb, v.Pair)
}
