// SPDX-License-Identifier: GPL-2.0-or-later

package testmodel

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/google/uuid"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/engine/server"
	"scoutfs/engine/txn"
	"scoutfs/mkfs"
)

// Clock is a clock that goes on by a little more than a second each time it is
// looked at, so that no two operations see the same time.
type Clock struct {
	now time.Time
}

// NewClock starts at some time in 2030.
func NewClock() *Clock { return &Clock{time.Unix(1_900_000_000, 0)} }

// Tick lets the time pass and returns it. Within an operation it stands still.
func (c *Clock) Tick() time.Time {
	c.now = c.now.Add(time.Second + time.Microsecond)
	return c.now
}

// Now is the time.
func (c *Clock) Now() time.Time { return c.now }

// Volume is a volume that is open for writing.
type Volume struct {
	Pair   device.Pair
	Writer *fs.Writer
	Log    *txn.Log

	blocks *block.Reader
	server *server.Server
}

// Options say what volume to make.
type Options struct {
	Version    uint64 // format version
	MetaBlocks uint64 // 64 KiB
	DataBlocks uint64 // 4 KiB
}

// Make makes a new volume in memory, and its model.
func Make(tb testing.TB, clock *Clock, o Options) (device.Pair, *Model) {
	tb.Helper()
	meta, data := o.MetaBlocks<<format.LargeBlockShift, o.DataBlocks<<format.SmallBlockShift
	pair := device.Pair{Meta: device.NewMemory("meta", int64(meta)), Data: device.NewMemory("data", int64(data))}
	var slots format.QuorumAddrs
	slots[0] = netip.MustParseAddrPort("127.0.0.1:12345")
	plan, err := mkfs.NewPlan(mkfs.Options{
		Identity:      mkfs.Identity{FSID: 0x1122334455667788, UUID: uuid.UUID{1}, Created: clock.Now()},
		FormatVersion: o.Version,
		Slots:         slots,
		AllowSmall:    true,
	}, meta, data)
	if err != nil {
		tb.Fatal(err)
	}
	if err := plan.Write(tb.Context(), pair, mkfs.WriteOptions{}); err != nil {
		tb.Fatal(err)
	}
	return pair, New(o.Version, clock.Now())
}

// Open opens a volume for writing. Its random numbers follow from random.
func Open(ctx context.Context, pair device.Pair, clock *Clock, random *rand.Rand) (*Volume, error) {
	_, super, err := block.ReadSuper(pair.Meta)
	if err != nil {
		return nil, err
	}
	v := &Volume{Pair: pair}
	v.blocks = block.NewReader(pair.Meta, block.Options{
		FSID: super.Hdr.FSID.Get(), TotalBlocks: super.TotalMetaBlocks.Get(), Workers: -1,
	})
	if v.server, err = server.Open(ctx, pair, v.blocks, server.Options{Random: random.Uint64}); err != nil {
		return nil, err
	}
	if v.Log, err = txn.Open(ctx, v.server, txn.Options{Random: random.Uint64}); err != nil {
		return nil, errors.Join(err, v.server.Close())
	}
	v.Writer = fs.NewWriter(v.Log, pair.Data, fs.WriterOptions{Clock: clock.Now})
	return v, nil
}

// Super is the last committed super.
func (v *Volume) Super() *format.Super { return v.server.Super() }

// Committed returns the filesystem as of the last commit.
func (v *Volume) Committed() *fs.FS { return fs.New(v.Log.Committed(), v.Pair.Data) }

// Close commits what was done and gives the volume up.
func (v *Volume) Close(ctx context.Context) error {
	return errors.Join(v.Log.Close(ctx), v.server.Close())
}

// Abandon gives the volume up as a process does that is killed.
func (v *Volume) Abandon() error { return v.server.Close() }

// Merge merges all log trees and compacts search files.
func (v *Volume) Merge(ctx context.Context) error { return v.Log.Merge(ctx, nil) }
