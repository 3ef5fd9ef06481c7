// SPDX-License-Identifier: GPL-2.0-or-later

package print

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// BlockOptions choose how a block is shown.
type BlockOptions struct {
	Format  Format
	Raw     bool        // also a hexadecimal dump of the bytes; Text only
	Problem func(error) // as in Options
}

// Block prints one large metadata block by its number, whatever refers to
// it: decoded by the magic in its header, if it has a known one. Block 1 is
// the place of the super and the quorum blocks, which are shown by their
// small block numbers. A number outside the device is an error.
func Block(ctx context.Context, meta device.Device, w io.Writer, blkno uint64, opts BlockOptions) (Result, error) {
	p, err := newPrinter(meta, w, Options{Format: opts.Format, Problem: opts.Problem})
	if err != nil {
		return Result{}, err
	}
	block := make([]byte, format.LargeBlockSize)
	if blocks := uint64(meta.Size()) / format.LargeBlockSize; blkno >= blocks {
		return Result{}, fmt.Errorf("block %d is outside %s, which has blocks 0 to %d: %w", blkno, meta.Name(), blocks-1, errInvalid)
	}
	if _, err := meta.ReadAt(block, int64(blkno)*format.LargeBlockSize); err != nil {
		return Result{}, err
	}
	err = p.run(ctx, func(w *walker) error { return w.oneBlock(blkno, block) })
	if err == nil && opts.Raw && opts.Format == Text {
		_, err = w.Write(hexDump(nil, block))
	}
	return p.result, err
}

// oneBlock emits whatever the bytes of a large block are.
func (w *walker) oneBlock(blkno uint64, block []byte) error {
	if blkno == 1 {
		if err := w.superBlock(); err != nil {
			return err
		}
		return w.quorumBlocks()
	}
	hdr, err := format.View[format.BlockHeader](block)
	if err != nil {
		return err
	}
	kind := unitProblem
	for k := unitBtree; k <= unitBloom; k++ {
		if hdr.Magic.Get() == k.magic() {
			kind = k
		}
	}
	if kind == unitProblem {
		return w.unknownBlock(blkno, block, hdr)
	}
	u, err := w.next(kind)
	if err != nil {
		return err
	}
	u.ref, u.anon, u.loaded = format.Ref{Blkno: blkno, Seq: hdr.Seq.Get()}, true, true
	copy(u.buf, block)
	if kind == unitBtree {
		u.tree = guessTree(block)
	}
	w.emit(u)
	return nil
}

// unknownBlock says what is there instead of a metadata block.
func (w *walker) unknownBlock(blkno uint64, block []byte, hdr *format.BlockHeader) error {
	found := fmt.Sprintf("%08x", hdr.Magic.Get())
	if len(bytes.TrimLeft(block, "\x00")) == 0 {
		found = "zero, as is the whole block"
	}
	return w.report(&format.CorruptError{
		Structure: "block", Place: fmt.Sprintf("meta blkno %d", blkno),
		Field: "magic", Found: found, Expected: "that of a metadata block (a free block can hold anything)",
	})
}

// guessTree finds out from a btree block's first item which tree it is of.
func guessTree(block []byte) *treeInfo {
	info := &treeInfo{kind: format.TreeFSRoot, name: "unknown tree"}
	b, err := format.ViewBtreeBlock(block)
	if err != nil || b.NrItems() == 0 {
		return info
	}
	kind := format.KindOf(b.Item(0).Key.Key())
	for t := format.TreeFSRoot; t <= format.TreeAlloc; t++ {
		if t != format.TreeLogItems && t.Holds(kind) {
			info.kind = t
		}
	}
	if info.kind == format.TreeFSRoot {
		// Nothing in a block tells fs_root and log trees apart, but only
		// log trees have deletions: allow them.
		info.kind = format.TreeLogItems
	}
	return info
}

// hexDump appends the bytes as lines of sixteen with their offsets; a run of
// equal lines is shown as one and a star.
func hexDump(dst text, b []byte) text {
	squeezed := false
	for at := 0; at < len(b); at += 16 {
		line := b[at : at+16]
		if at > 0 && at+16 < len(b) && bytes.Equal(line, b[at-16:at]) {
			if !squeezed {
				dst = dst.s("*\n")
			}
			squeezed = true
			continue
		}
		squeezed = false
		dst = dst.x8(uint32(at)).s(" ")
		for i, c := range line {
			if i == 8 {
				dst = dst.s(" ")
			}
			dst = append(dst, ' ', hexDigits[c>>4], hexDigits[c&0xf])
		}
		dst = dst.s("  |").name(line).s("|\n")
	}
	return dst.x8(uint32(len(b))).nl()
}
