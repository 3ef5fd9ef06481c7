// SPDX-License-Identifier: GPL-2.0-or-later

package fsck

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"scoutfs/engine/block"
	"scoutfs/fsck/problem"
)

// Bounds of a check of a volume in use.
const (
	maxReadings = 6       // of the volume
	maxHeld     = 100_000 // findings of one reading that are compared with the next
)

// ErrWritten says that somebody wrote the volume while it was checked. What
// was found may come from that.
var ErrWritten = errors.New("the volume was written while it was being checked")

// held keeps the findings of one reading until they have been compared with
// those of another.
type held struct {
	table *problem.Table

	mu    sync.Mutex // guards what follows
	found map[sameness]problem.Finding
	notes []problem.Finding
	more  uint64 // that were not kept
}

// sameness is what two readings must have in common to have found the same.
type sameness struct {
	number problem.Number
	place  problem.Place
	// What a block is found to be and should be. A block that was written
	// again between its reference and its reading looks damaged each time in
	// another way; one that is damaged always looks the same.
	found, expected string
}

func newHeld(table *problem.Table) *held {
	return &held{table: table, found: make(map[sameness]problem.Finding)}
}

func (h *held) add(f problem.Finding) {
	h.mu.Lock()
	defer h.mu.Unlock()
	note := h.table.Describe(f.Number).Severity == problem.Note
	switch {
	case f.More > 0 && !note:
		h.more += f.More
	case len(h.found)+len(h.notes) >= maxHeld:
		if !note {
			h.more++
		}
	case note:
		h.notes = append(h.notes, f)
	default:
		h.found[samenessOf(&f)] = f
	}
}

func samenessOf(f *problem.Finding) sameness {
	same := sameness{number: f.Number, place: f.Place}
	if ofBlock(f.Number) {
		same.found, same.expected = f.Found, f.Expected
	}
	return same
}

// ofBlock reports whether a problem is what a block looks like that was
// written again since the reference to it was read.
func ofBlock(n problem.Number) bool {
	switch n {
	case problem.BlockCRC, problem.BlockMagic, problem.BlockFSID, problem.BlockBlkno, problem.BlockSeq:
		return true
	}
	return false
}

// confirmed returns how many findings an earlier reading has too.
func (h *held) confirmed(earlier *held) (n int) {
	if earlier == nil {
		return 0
	}
	for same := range h.found {
		if _, ok := earlier.found[same]; ok {
			n++
		}
	}
	return n
}

// report passes on the findings that an earlier reading has too, and all
// notes.
func (h *held) report(earlier *held, to problem.Reporter) {
	if earlier != nil {
		for same, f := range h.found {
			if _, ok := earlier.found[same]; ok {
				to(f)
			}
		}
	}
	for _, f := range h.notes {
		to(f)
	}
	if h.more > 0 {
		to(problem.Finding{
			Number: problem.CheckIncomplete,
			Found:  fmt.Sprintf("%d findings beyond the first %d, which were not compared with those of another reading", h.more, maxHeld),
		})
	}
}

// untilSure reads a volume in use until a reading finds nothing, or nothing
// but what the reading before has found too, and reports that. If it cannot,
// it reports what the last two readings have in common and returns
// ErrWritten.
func untilSure(ctx context.Context, table *problem.Table, read func(context.Context, problem.Reporter) error, report problem.Reporter) (readings int, err error) {
	var before *held
	for readings = 1; ; readings++ {
		now := newHeld(table)
		err := read(ctx, now.add)
		stale := errors.Is(err, block.ErrStale) || errors.Is(err, ErrWritten)
		switch {
		case err != nil && !stale:
			return readings, err
		case !stale && now.confirmed(before) == len(now.found) && now.more == 0,
			!stale && now.more > 0 && before != nil && before.more > 0:
			now.report(before, report)
			return readings, nil
		case readings == maxReadings:
			now.report(before, report)
			return readings, fmt.Errorf("%w, %d times", ErrWritten, readings)
		}
		before = now
	}
}
