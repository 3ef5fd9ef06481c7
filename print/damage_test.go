// SPDX-License-Identifier: GPL-2.0-or-later

package print_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testsample"
	"scoutfs/print"
)

// usedBlocks lists the places and sizes of all metadata blocks of a volume
// whose header has a known magic.
func usedBlocks(t testing.TB, meta device.Device) map[int64]int {
	t.Helper()
	blocks := map[int64]int{}
	for blkno := int64(format.SuperBlkno); blkno < format.SuperBlkno+16; blkno++ {
		blocks[blkno*format.SmallBlockSize] = format.SmallBlockSize
	}
	buf := make([]byte, 8)
	for off := int64(2 * format.LargeBlockSize); off+format.LargeBlockSize <= meta.Size(); off += format.LargeBlockSize {
		if _, err := meta.ReadAt(buf, off); err != nil {
			t.Fatal(err)
		}
		if format.MagicName(binary.LittleEndian.Uint32(buf[4:])) != "" {
			blocks[off] = format.LargeBlockSize
		}
	}
	return blocks
}

// printDamaged prints in both forms and fails if that takes unreasonably
// long or much output; it returns the problems, in the order of the output.
func printDamaged(t testing.TB, meta device.Device, what string) string {
	t.Helper()
	const (
		longest = 30 * time.Second
		most    = 256 << 20
	)
	var problems strings.Builder
	for _, form := range []print.Format{print.Text, print.JSONL} {
		ctx, cancel := context.WithTimeout(context.Background(), longest)
		out := &countingWriter{}
		_, err := print.Volume(ctx, meta, out, print.Options{
			Format:  form,
			Problem: func(err error) { fmt.Fprintln(&problems, err) },
		})
		cancel()
		if err != nil && !errors.Is(err, print.ErrDataDevice) {
			t.Errorf("%s: %v", what, err)
		}
		if out.n > most {
			t.Errorf("%s: %d bytes of output", what, out.n)
		}
		if err != nil {
			fmt.Fprintln(&problems, err)
		}
	}
	return problems.String()
}

type countingWriter struct{ n int64 }

func (w *countingWriter) Write(p []byte) (int, error) {
	w.n += int64(len(p))
	return len(p), nil
}

// TestDamageIsSurvivedAndNamed changes each region that holds something, and
// some that do not, of each structure: as damage that the checksum shows, and
// as damage with a checksum that hides it.
func TestDamageIsSurvivedAndNamed(t *testing.T) {
	t.Parallel()
	for i, part := range everyPart() {
		t.Run(part.name, func(t *testing.T) {
			t.Parallel()
			base := volumeOf(t, part).Dev
			if problems := printDamaged(t, base, "undamaged"); problems != "" {
				t.Fatalf("the undamaged volume has problems:\n%s", problems)
			}
			shown, blocks := shownBlocks(t, base), usedBlocks(t, base)
			if len(shown) != len(blocks) {
				t.Fatalf("%d of %d structures are shown", len(shown), len(blocks))
			}
			for off, size := range blocks {
				if isQuorum := off < 2*format.LargeBlockSize && off > format.SuperBlkno*format.SmallBlockSize; isQuorum && i > 0 {
					continue // the same in all volumes
				}
				damageBlock(t, base, off, size)
			}
		})
	}
}

// regionsPerBlock is how many regions of a block are damaged, unless all are.
const regionsPerBlock = 5

// damageBlock prints with one region of a block damaged after the other.
func damageBlock(t *testing.T, base *device.Memory, off int64, size int) {
	t.Helper()
	const region = 32 // separates the fields of heads, items and values
	random := rand.New(rand.NewPCG(1, uint64(off)))
	flip := func(b byte) byte { return ^b }
	scramble := func(b byte) byte { return b ^ byte(1+random.IntN(255)) }
	block := make([]byte, size)
	if _, err := base.ReadAt(block, off); err != nil {
		t.Fatal(err)
	}
	for _, at := range testsample.Of(regions(block, region), regionsPerBlock) {
		for _, c := range []struct {
			name   string
			change func(byte) byte
			seal   bool
		}{
			{"flipped", flip, false},
			{"flipped and sealed", flip, true},
			{"scrambled and sealed", scramble, true},
		} {
			damaged := bytes.Clone(block)
			for i := range region {
				damaged[at+i] = c.change(damaged[at+i])
			}
			if c.seal {
				format.Seal(damaged)
			}
			meta := device.NewOverlay("damaged", base)
			if _, err := meta.WriteAt(damaged, off); err != nil {
				t.Fatal(err)
			}
			what := fmt.Sprintf("block at %d, bytes from %d %s", off, at, c.name)
			if problems := printDamaged(t, meta, what); !c.seal && problems == "" {
				t.Errorf("%s: not reported", what)
			}
		}
	}
}

// shownBlocks lists the places of the blocks that a print shows.
func shownBlocks(t *testing.T, meta device.Device) map[int64]bool {
	t.Helper()
	var out bytes.Buffer
	if _, err := print.Volume(context.Background(), meta, &out, print.Options{Format: print.JSONL}); err != nil {
		t.Fatal(err)
	}
	shown := map[int64]bool{}
	for line := range bytes.Lines(out.Bytes()) {
		var o struct {
			Structure string
			Blkno     int64
		}
		if err := json.Unmarshal(line, &o); err != nil {
			t.Fatal(err)
		}
		size := int64(format.LargeBlockSize)
		if o.Structure == "super" || o.Structure == "quorum_block" {
			size = format.SmallBlockSize
		}
		shown[o.Blkno*size] = true
	}
	return shown
}

// regions picks the regions of a block to damage: those that hold something,
// those beside them, and some that are zero.
func regions(block []byte, size int) []int {
	zero := make([]byte, size)
	used := func(at int) bool {
		return at >= 0 && at < len(block) && !bytes.Equal(block[at:at+size], zero)
	}
	var regions []int
	for at := 0; at < len(block); at += size {
		if used(at-size) || used(at) || used(at+size) || at%8192 == 0 {
			regions = append(regions, at)
		}
	}
	return append(regions, len(block)-size)
}

func TestReferencesInCirclesEnd(t *testing.T) {
	t.Parallel()
	base := sample(t, "restored-tree")
	var super format.Super
	if _, err := base.ReadAt(format.Bytes(&super), format.SuperBlkno*format.SmallBlockSize); err != nil {
		t.Fatal(err)
	}
	write := func(meta *device.Memory, blkno uint64, block []byte) {
		format.Seal(block)
		if _, err := meta.WriteAt(block, int64(blkno)*format.LargeBlockSize); err != nil {
			t.Fatal(err)
		}
	}
	const blkno = 5000
	hdr := format.BlockHeader{}
	hdr.FSID = super.Hdr.FSID
	hdr.Blkno.Set(blkno)
	hdr.Seq.Set(1)
	self := format.Ref{Blkno: blkno, Seq: 1}

	for name, damage := range map[string]func(*device.Memory, *format.Super){
		"list": func(meta *device.Memory, s *format.Super) {
			block := new(format.AllocListBlock)
			block.Hdr = hdr
			block.Hdr.Magic.Set(format.MagicAllocList)
			block.Next.Set(self)
			s.ServerMetaAvail[0].Ref.Set(self)
			write(meta, blkno, format.Bytes(block))
		},
		"btree": func(meta *device.Memory, s *format.Super) {
			block := new(format.BtreeBlock)
			head := block.Head()
			head.Hdr = hdr
			head.Hdr.Magic.Set(format.MagicBtree)
			head.Level = 2
			head.NrItems.Set(1)
			head.ItemRoot.Set(format.NodeOffset(0))
			it := block.Item(0)
			it.Node.Height = 1
			it.Key.Set(format.MaxKey())
			it.ValOff.Set(65520)
			it.ValLen.Set(16)
			ref, err := format.View[format.BlockRef](block[65520:])
			if err != nil {
				t.Fatal(err)
			}
			ref.Set(self)
			s.SrchRoot.Set(format.Root{Ref: self, Height: 3})
			write(meta, blkno, block[:])
		},
	} {
		t.Run(name, func(t *testing.T) {
			meta := device.NewOverlay(name, base)
			s := super
			damage(meta, &s)
			if _, err := meta.WriteAt(format.Bytes(&s), format.SuperBlkno*format.SmallBlockSize); err != nil {
				t.Fatal(err)
			}
			if printDamaged(t, meta, name) == "" {
				t.Error("no problem reported")
			}
		})
	}
}

// TestOverwrittenBlocksAreLeftOut prints a volume that is committed to while
// the print runs.
func TestOverwrittenBlocksAreLeftOut(t *testing.T) {
	t.Parallel()
	base := sample(t, "restored-tree")
	meta := &committing{Memory: device.NewOverlay("live", base), blocks: usedBlocks(t, base)}
	var out bytes.Buffer
	var problems []error
	result, err := print.Volume(context.Background(), meta, &out,
		print.Options{Problem: func(err error) { problems = append(problems, err) }})
	if err != nil {
		t.Fatal(err)
	}
	if !result.Changed || result.Overwritten == 0 || result.Problems != result.Overwritten {
		t.Errorf("result is %+v with problems %v", result, problems)
	}
	for _, err := range problems {
		if _, ok := err.(*print.OverwrittenError); !ok {
			t.Errorf("problem is %v", err)
		}
	}
	if bytes.Contains(out.Bytes(), []byte("blkno 1 seq 99")) {
		t.Error("an overwritten block was printed")
	}
}

// committing rewrites the super and all other blocks after the first read.
type committing struct {
	*device.Memory
	blocks map[int64]int // places and sizes
	reads  int
}

func (c *committing) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.Memory.ReadAt(p, off)
	if off == format.SuperBlkno*format.SmallBlockSize && c.reads == 0 {
		c.reads++
		super := make([]byte, format.SmallBlockSize)
		if _, err := c.Memory.ReadAt(super, off); err != nil {
			return 0, err
		}
		hdr, _ := format.View[format.BlockHeader](super)
		hdr.Seq.Set(hdr.Seq.Get() + 1)
		format.Seal(super)
		if _, err := c.Memory.WriteAt(super, off); err != nil {
			return 0, err
		}
		block := make([]byte, format.LargeBlockSize)
		hdr, _ = format.View[format.BlockHeader](block)
		hdr.Blkno.Set(1)
		hdr.Seq.Set(99)
		format.Seal(block)
		for off, size := range c.blocks {
			if size != format.LargeBlockSize {
				continue
			}
			if _, err := c.Memory.WriteAt(block, off); err != nil {
				return 0, err
			}
		}
	}
	return n, err
}

// FuzzPrint replaces a part of a block and prints the result: all of it, a
// selection, and that block.
func FuzzPrint(f *testing.F) {
	base := volumeOf(f, everyPart()...).Dev
	blocks := usedBlocks(f, base)
	places := slices.Sorted(maps.Keys(blocks))
	f.Add(uint16(0), uint16(32), []byte{1, 2, 3, 4}, true)
	f.Add(uint16(20), uint16(48), bytes.Repeat([]byte{0xff}, 56), true)
	f.Fuzz(func(t *testing.T, block, at uint16, with []byte, seal bool) {
		off := places[int(block)%len(places)]
		damaged := make([]byte, blocks[off])
		if _, err := base.ReadAt(damaged, off); err != nil {
			t.Fatal(err)
		}
		copy(damaged[int(at)%len(damaged):], with)
		if seal {
			format.Seal(damaged)
		}
		meta := device.NewOverlay("damaged", base)
		if _, err := meta.WriteAt(damaged, off); err != nil {
			t.Fatal(err)
		}
		printDamaged(t, meta, "fuzzed")
		_, err := print.Volume(context.Background(), meta, io.Discard, print.Options{Select: print.Selection{Ino: 1}})
		if err != nil && !errors.Is(err, print.ErrDataDevice) {
			t.Error(err)
		}
		_, err = print.Block(context.Background(), meta, io.Discard, uint64(off/format.LargeBlockSize), print.BlockOptions{Raw: true})
		if err != nil {
			t.Error(err)
		}
	})
}
