// SPDX-License-Identifier: GPL-2.0-or-later

package surgery

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"

	"scoutfs/engine/format"
)

// Change is a run of bytes of a block that is not what the device holds.
type Change struct {
	Place    Place
	Offset   int // from the block's start
	Old, New []byte
}

// maxGap is how many equal bytes may lie between two that differ in one
// change. Fields of up to 8 bytes then stay in one piece.
const maxGap = 7

// seal gives each held block that changed its checksum, and returns those
// blocks with what the devices hold, in order.
func (v *Volume) seal() ([]*Block, [][]byte, error) {
	var changed []*Block
	var old [][]byte
	for _, b := range v.heldInOrder() {
		was, err := v.read(b.Place)
		if err != nil {
			return nil, nil, err
		}
		if bytes.Equal(was, b.Bytes) {
			continue
		}
		if !b.KeepCRC {
			format.Seal(b.Bytes)
		}
		changed, old = append(changed, b), append(old, was)
	}
	return changed, old, nil
}

func (v *Volume) heldInOrder() []*Block {
	blocks := make([]*Block, 0, len(v.held))
	for _, b := range v.held {
		blocks = append(blocks, b)
	}
	slices.SortFunc(blocks, func(a, b *Block) int {
		return cmp.Or(
			cmp.Compare(order(a.Place), order(b.Place)),
			cmp.Compare(a.Place.Blkno, b.Place.Blkno))
	})
	return blocks
}

// order puts large metadata blocks first and supers last.
func order(p Place) int {
	switch {
	case !p.Small:
		return 0
	case p.Data:
		return 1
	}
	return 2
}

// Changes seals the blocks that changed and returns all differences, in the
// order in which Write writes the blocks.
func (v *Volume) Changes() ([]Change, error) {
	blocks, old, err := v.seal()
	if err != nil {
		return nil, err
	}
	var changes []Change
	for i, b := range blocks {
		changes = appendChanges(changes, b.Place, old[i], b.Bytes)
	}
	return changes, nil
}

func appendChanges(changes []Change, p Place, old, now []byte) []Change {
	for at := 0; at < len(now); at++ {
		if old[at] == now[at] {
			continue
		}
		end := at + 1
		for i := end; i < len(now) && i-end <= maxGap; i++ {
			if old[i] != now[i] {
				end = i + 1
			}
		}
		changes = append(changes, Change{
			Place: p, Offset: at,
			Old: slices.Clone(old[at:end]), New: slices.Clone(now[at:end]),
		})
		at = end
	}
	return changes
}

// Write seals and writes the blocks that changed: first those of trees, last
// the metadata super, with a flush before it and at the end.
func (v *Volume) Write() error {
	blocks, _, err := v.seal()
	if err != nil {
		return err
	}
	for i, b := range blocks {
		if i > 0 && b.Place == SuperPlace(false) {
			if err := v.flush(); err != nil {
				return err
			}
		}
		if _, err := v.device(b.Place).WriteAt(b.Bytes, int64(b.Place.Blkno)*int64(b.Place.Size())); err != nil {
			return fmt.Errorf("write %s: %w", b.Place, err)
		}
	}
	v.recent = nil
	return v.flush()
}

func (v *Volume) flush() error {
	var errs []error
	if v.pair.Meta != nil {
		errs = append(errs, v.pair.Meta.Flush())
	}
	if v.pair.Data != nil {
		errs = append(errs, v.pair.Data.Flush())
	}
	return errors.Join(errs...)
}
