// SPDX-License-Identifier: GPL-2.0-or-later

// Package testwrite gives tests a new volume in memory that package engine has
// open for writing.
package testwrite

import (
	"net/netip"
	"testing"
	"time"

	"scoutfs/engine"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testcheck"
	"scoutfs/mkfs"
)

// Sizes of the devices, large enough for metadata blocks not to run low.
// Devices in memory take memory only for what is written.
const (
	metaSize = 8 << 30
	dataSize = 1 << 30
)

// Volume is an open volume.
type Volume struct {
	*engine.Volume
	Pair device.Pair

	opts engine.Options
}

// kept is a device that outlives the volume that closes it.
type kept struct{ device.Device }

// Close does nothing.
func (kept) Close() error { return nil }

// New makes a volume of a format version and opens it. The test should end
// with Check.
func New(tb testing.TB, version uint64) *Volume {
	tb.Helper()
	pair := device.Pair{Meta: device.NewMemory("meta", metaSize), Data: device.NewMemory("data", dataSize)}
	plan, err := mkfs.NewPlan(mkfs.Options{
		Identity:      mkfs.Identity{FSID: 0x7e57, Created: time.Unix(1_700_000_000, 0)},
		FormatVersion: version,
		Slots:         format.QuorumAddrs{netip.MustParseAddrPort("127.0.0.1:42000")},
		AllowSmall:    true,
	}, metaSize, dataSize)
	if err == nil {
		err = plan.Write(tb.Context(), pair, mkfs.WriteOptions{})
	}
	if err != nil {
		tb.Fatal(err)
	}
	v := &Volume{
		Pair: device.Pair{Meta: kept{pair.Meta}, Data: kept{pair.Data}},
		opts: engine.Options{Write: true, Clock: func() time.Time { return time.Unix(1_750_000_000, 7) }},
	}
	v.open(tb)
	return v
}

func (v *Volume) open(tb testing.TB) {
	tb.Helper()
	var err error
	if v.Volume, err = engine.OpenDevices(tb.Context(), v.Pair, v.opts); err != nil {
		tb.Fatal(err)
	}
}

// Reopen closes the volume and opens it again, as the next process would.
func (v *Volume) Reopen(tb testing.TB) {
	tb.Helper()
	if err := v.Close(); err != nil {
		tb.Fatal(err)
	}
	v.open(tb)
}

// Check closes the volume and fails the test if anything is wrong with it.
func (v *Volume) Check(tb testing.TB) {
	tb.Helper()
	if err := v.Close(); err != nil {
		tb.Error(err)
	}
	testcheck.Clean(tb, v.Pair)
}
