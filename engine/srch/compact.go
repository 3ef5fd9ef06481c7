// SPDX-License-Identifier: GPL-2.0-or-later

package srch

import (
	"context"
	"errors"
	"fmt"
	"math/bits"

	"scoutfs/engine/block"
	"scoutfs/engine/format"
)

// ErrRoom says that the merged log files need more leaves than there may be.
// Fewer of them can be tried.
var ErrRoom = errors.New("search files do not fit into one commit")

// Tier returns which sorted files are compacted together with one of so many
// leaves: those of the same tier (docs/format.md 8.6).
func Tier(leaves uint64) int { return bits.Len64(leaves) / 2 }

// Compact merges the input files of a compaction into its output, at most so
// many leaves of it. It changes Out and where the inputs' next entries are,
// and reports whether all entries are in the output. If they are not, the
// compaction can go on from what it says, here or in a kernel. Log files are
// merged as a whole or not at all: the error is [ErrRoom] if they do not fit.
//
// Identical entries cancel in pairs. The output has none but those that an
// earlier part of a compaction wrote, and no empty leaf; without entries it
// has no blocks.
//
// Inputs are read through r and not changed. It takes at most CompactBlocks
// blocks of w, and frees at most as many. After an error both c and w's
// blocks are to be discarded.
func Compact(ctx context.Context, r *block.Reader, w *block.Writer, c *format.SrchCompact, leaves int) (done bool, err error) {
	out := output{builder: builder{w: w, file: c.Out}, left: leaves}
	if err := checkFile(&c.Out, r.TotalBlocks()); err != nil {
		return false, err
	}
	switch c.Flags &^ format.SrchCompactDone {
	case format.SrchCompactLog:
		done, err = compactLogs(ctx, r, &out, c)
	case format.SrchCompactSorted:
		done, err = compactSorted(ctx, r, &out, c)
	default:
		err = &format.CorruptError{
			Structure: "srch compaction", Place: fmt.Sprintf("id %d", c.ID.Get()),
			Field: "flags", Found: fmt.Sprintf("%#x", c.Flags), Expected: "of log or of sorted files",
		}
	}
	c.Out = out.file
	return done, err
}

// CompactBlocks returns the most blocks that Compact takes, and the most that
// it frees, for a number of leaves.
func CompactBlocks(c *format.SrchCompact, leaves int) int { return leaves + parentsFor(&c.Out, leaves) }

// output takes entries in ascending order and writes those that are there an
// odd number of times.
type output struct {
	builder
	left int // how many more leaves may be started
	held format.SrchEntry
	hold bool // held is an entry that is to be written unless it comes again
}

// take takes an entry. It reports false, and has not taken the entry, if the
// one before was the last for which there is room.
func (o *output) take(ctx context.Context, e format.SrchEntry) (bool, error) {
	if o.hold && o.held == e {
		o.hold = false
		return true, nil
	}
	if err := o.flush(ctx); err != nil || o.full() && o.left == 0 {
		return false, err
	}
	o.held, o.hold = e, true
	return true, nil
}

// flush writes the entry that is held, for which there is room.
func (o *output) flush(ctx context.Context) error {
	if !o.hold {
		return nil
	}
	o.hold = false
	if o.full() {
		o.left--
	}
	return o.add(ctx, o.held)
}
