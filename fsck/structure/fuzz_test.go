// SPDX-License-Identifier: GPL-2.0-or-later

package structure_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
	"scoutfs/internal/testbulk"
)

// usedBlocks lists the blocks of a volume that are in use: offsets and sizes.
// They are those that are not zero, but for what mkfs had written.
func usedBlocks(tb testing.TB, dev *device.Memory) (list [][2]int64) {
	tb.Helper()
	for blkno := int64(format.SuperBlkno); blkno < format.QuorumBlkno+2; blkno++ {
		list = append(list, [2]int64{blkno << format.SmallBlockShift, format.SmallBlockSize})
	}
	block, zero := make([]byte, format.LargeBlockSize), make([]byte, format.LargeBlockSize)
	for off := int64(2) << format.LargeBlockShift; off < dev.Size(); off += format.LargeBlockSize {
		if _, err := dev.ReadAt(block, off); err != nil {
			tb.Fatal(err)
		}
		if blkno := off >> format.LargeBlockShift; string(block) != string(zero) && (blkno <= format.MkfsAvailBlocks || blkno > format.MkfsAvailBlocks+6) {
			list = append(list, [2]int64{off, format.LargeBlockSize})
		}
	}
	return list
}

// wound changes a volume as the bytes say: each eight are a block, an offset,
// what to store there, how much of it, and whether the crc is right after.
func wound(tb testing.TB, p *patient, blocks [][2]int64, wounds []byte) {
	tb.Helper()
	for ; len(wounds) >= 8; wounds = wounds[8:] {
		at := blocks[int(binary.LittleEndian.Uint16(wounds))%len(blocks)]
		off := int(binary.LittleEndian.Uint16(wounds[2:]))
		switch how := wounds[7]; {
		case how < 128:
			off %= 1500 // heads and the first items or fields
		case how < 200:
			off = format.LargeBlockSize - 1 - off%8000 // values
		}
		p.bytes(p.meta, at[0], at[1], wounds[7]&1 == 0, func(b []byte) {
			off %= len(b)
			switch wounds[6] % 4 {
			case 0:
				b[off] ^= wounds[4]
			case 1:
				b[off] += wounds[4]
			case 2:
				copy(b[off:], wounds[4:6])
			case 3:
				clear(b[off:min(off+int(wounds[5])+1, len(b))])
			}
		})
	}
}

// survive checks a wounded volume, which must end soon.
func survive(tb testing.TB, p *patient) outcome {
	tb.Helper()
	began := time.Now()
	o := check(tb, p.pair())
	if took := time.Since(began); took > time.Minute {
		tb.Fatalf("took %v", took)
	}
	return o
}

func FuzzStructure(f *testing.F) {
	pair := bulk(f, testbulk.Options{Files: 200, LogTrees: 1, LogShare: 500})
	whole := newPatient(f, pair)
	blocks := usedBlocks(f, whole.meta)
	f.Add([]byte{0, 0, 56, 3, 1, 0, 0, 0})
	f.Add([]byte{3, 0, 34, 0, 200, 0, 1, 0, 4, 0, 50, 0, 9, 9, 2, 2})
	f.Add([]byte{0, 0, 80, 2, 255, 255, 2, 0})
	f.Fuzz(func(t *testing.T, wounds []byte) {
		p := newPatient(t, pair)
		wound(t, p, blocks, wounds[:min(len(wounds), 400)])
		survive(t, p)
	})
}

// Damage by chance is survived, and found if it makes a checksum wrong.
func TestRandomDamageIsSurvived(t *testing.T) {
	t.Parallel()
	pair := bulk(t, testbulk.Options{Files: 200, LogTrees: 1, LogShare: 500})
	blocks := usedBlocks(t, newPatient(t, pair).meta)
	random := rand.New(rand.NewPCG(5, 6))
	for range 25 {
		wounds := make([]byte, 8*(1+random.IntN(20)))
		for i := range wounds {
			wounds[i] = byte(random.Uint32())
		}
		p := newPatient(t, pair)
		wound(t, p, blocks, wounds)
		survive(t, p)
	}
	for i, at := range blocks {
		if i%4 != 0 {
			continue
		}
		p := newPatient(t, pair)
		p.bytes(p.meta, at[0], at[1], false, func(b []byte) { b[40+random.IntN(len(b)-40)] ^= 1 << random.IntN(8) })
		o := survive(t, p)
		found := false
		for _, f := range o.findings {
			switch f.Number {
			case problem.BlockCRC, problem.MetaSuperCRC, problem.QuorumBlockCRC:
				found = true
			}
		}
		if !found {
			t.Errorf("a wrong checksum at %v is not found", at)
		}
	}
}
