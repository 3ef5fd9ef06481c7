// SPDX-License-Identifier: GPL-2.0-or-later

package convert_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/uuid"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/mkfs"
)

const (
	superOffset = format.SuperBlkno << format.SmallBlockShift
	metaSize    = format.MinMetaBlocksMkfs << format.LargeBlockShift
	dataSize    = 128 << format.SmallBlockShift
	fsid        = 0x1122334455667788
)

// newVolume makes a volume with slots 0 and 12.
func newVolume(t testing.TB, version uint64) device.Pair {
	t.Helper()
	pair := device.Pair{Meta: device.NewMemory("meta", metaSize), Data: device.NewMemory("data", dataSize)}
	plan, err := mkfs.NewPlan(mkfs.Options{
		Identity: mkfs.Identity{
			FSID:    fsid,
			UUID:    uuid.MustParse("00112233-4455-6677-8899-aabbccddeeff"),
			Created: time.Unix(1, 0),
		},
		FormatVersion: version,
		Slots:         slots(map[int]string{0: "10.0.0.1:1", 12: "10.0.0.2:2"}),
		AllowSmall:    true,
	}, metaSize, dataSize)
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Write(t.Context(), pair, mkfs.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	return pair
}

func slots(at map[int]string) format.QuorumAddrs {
	var a format.QuorumAddrs
	for nr, text := range at {
		a[nr] = netip.MustParseAddrPort(text)
	}
	return a
}

func superBlock(t testing.TB, dev device.Device) []byte {
	t.Helper()
	block := make([]byte, format.SmallBlockSize)
	if _, err := dev.ReadAt(block, superOffset); err != nil {
		t.Fatal(err)
	}
	return block
}

// superOf returns a device's super, nil if it does not verify.
func superOf(t testing.TB, dev device.Device) *format.Super {
	t.Helper()
	block := superBlock(t, dev)
	if format.VerifyBlock(block, format.Want{Magic: format.MagicSuper, Blkno: format.SuperBlkno, AnySeq: true}) != nil {
		return nil
	}
	super, err := format.View[format.Super](block)
	if err != nil {
		t.Fatal(err)
	}
	return super
}

// editSuper changes a super and its crc.
func editSuper(t testing.TB, dev device.Device, edit func(*format.Super)) {
	t.Helper()
	block := superBlock(t, dev)
	super, err := format.View[format.Super](block)
	if err != nil {
		t.Fatal(err)
	}
	edit(super)
	format.Seal(block)
	write(t, dev, block, superOffset)
}

// editQuorum changes the quorum block of a slot and its crc.
func editQuorum(t testing.TB, meta device.Device, slot int, edit func(*format.QuorumBlock)) {
	t.Helper()
	off := int64(format.QuorumBlkno+slot) << format.SmallBlockShift
	block := make([]byte, format.SmallBlockSize)
	if _, err := meta.ReadAt(block, off); err != nil {
		t.Fatal(err)
	}
	quorum, err := format.View[format.QuorumBlock](block)
	if err != nil {
		t.Fatal(err)
	}
	edit(quorum)
	format.Seal(block)
	write(t, meta, block, off)
}

func write(t testing.TB, dev device.Device, b []byte, off int64) {
	t.Helper()
	if _, err := dev.WriteAt(b, off); err != nil {
		t.Fatal(err)
	}
}

// flip damages one byte of a device.
func flip(t testing.TB, dev device.Device, off int64) {
	t.Helper()
	var b [1]byte
	if _, err := dev.ReadAt(b[:], off); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 0xff
	write(t, dev, b[:], off)
}

// onlySupersDiffer fails t if a job wrote anything but super blocks.
func onlySupersDiffer(t *testing.T, before, after device.Pair) {
	t.Helper()
	for _, dev := range []struct{ before, after device.Device }{{before.Meta, after.Meta}, {before.Data, after.Data}} {
		old, now := make([]byte, dev.before.Size()), make([]byte, dev.before.Size())
		for _, read := range []struct {
			dev device.Device
			to  []byte
		}{{dev.before, old}, {dev.after, now}} {
			if _, err := read.dev.ReadAt(read.to, 0); err != nil {
				t.Fatal(err)
			}
			clear(read.to[superOffset : superOffset+format.SmallBlockSize])
		}
		if !bytes.Equal(old, now) {
			t.Errorf("%s: more than the super changed", dev.before.Name())
		}
	}
}

// states yields everything that an interruption or a power failure can leave
// of a recorded run: every prefix, and at each of them the last write torn
// between any two sectors.
func states(t *testing.T, rec *device.PairRecorder) map[string]device.Pair {
	t.Helper()
	all := map[string]device.Pair{}
	for n := range rec.Len() + 1 {
		all[fmt.Sprintf("after %d of %d", n, rec.Len())] = rec.Prefix(n)
		metaAt, dataAt := rec.Cut(n)
		for _, side := range []struct {
			rec *device.Recorder
			at  int
		}{{rec.Meta, metaAt}, {rec.Data, dataAt}} {
			for _, op := range side.rec.Pending(side.at) {
				for kept := range 1 << (format.SmallBlockSize / 512) {
					tear := device.Tear{Op: op, Unit: 512}
					for unit := range format.SmallBlockSize / 512 {
						if kept&(1<<unit) != 0 {
							tear.Kept = append(tear.Kept, unit)
						}
					}
					torn, err := side.rec.Replay(device.Crash{At: side.at, Torn: []device.Tear{tear}})
					if err != nil {
						t.Fatal(err)
					}
					pair := rec.Prefix(n)
					if side.rec == rec.Meta {
						pair.Meta = torn
					} else {
						pair.Data = torn
					}
					all[fmt.Sprintf("after %d, %s torn to sectors %v", n, side.rec.Name(), tear.Kept)] = pair
				}
			}
		}
	}
	return all
}
